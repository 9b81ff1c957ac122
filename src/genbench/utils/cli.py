"""What every stage script needs from the command line: options, and errors as one line."""

import argparse
import atexit
import os
import re
import sys

from .errors import InputError


def parse(doc: str, argv=None, **options: type) -> argparse.Namespace:
    """Parse required `--name value` options, each converted by its type."""
    parser = argparse.ArgumentParser(description=doc)
    for name, convert in options.items():
        parser.add_argument("--" + name.replace("_", "-"), type=convert, required=True)
    return parser.parse_args(argv)


def run(main) -> None:
    """Run `main`; an unusable input, file or number ends in one line and exit code 1.

    `GENBENCH_TRACEBACK=1` shows the traceback instead. Errors that nobody foresaw always do.
    """
    try:
        main()
    except KeyboardInterrupt as stop:
        _exit_process(130, str(stop) or "interrupted; `dvc repro` starts this stage again")
    except (InputError, OSError, FloatingPointError, MemoryError, RuntimeError) as error:
        line = _line(error)
        if line is None or os.environ.get("GENBENCH_TRACEBACK"):
            raise
        _exit_process(1, f"error: {line}")
    _exit_process(0)


def _line(error: Exception) -> str | None:
    """What a user should read; None for an error that is not theirs."""
    size = re.search(r"(?i)(?:tried to|unable to) allocate ([\d.]+) ?(\w+)", str(error))
    if size is None and not isinstance(error, MemoryError):
        return None if isinstance(error, RuntimeError) else " ".join(str(error).split())
    asked = ""
    if size:
        amount, unit = float(size[1]), size[2]
        if unit == "bytes":
            amount, unit = amount / 2**30, "GiB"
        asked = f": {amount:.2f} {unit} more were asked for"
    lower = "lower train.batch_size, model.width or the number of images (n) of this stage"
    return f"out of memory{asked}; {lower}"


def _exit_process(code: int, message: str | None = None) -> None:
    """End the process without taking torch down in order, which takes 0.8 s."""
    if message:
        print(message, file=sys.stderr)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
