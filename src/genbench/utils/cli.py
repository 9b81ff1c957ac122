"""What every stage script needs from the command line: options, and errors as one line."""

import argparse
import atexit
import inspect
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from .errors import InputError

SECONDS_FOR_FIRST = 5
"""In which the first of torchrun's processes says a mistake that all have met; they end with it."""


def run(main: Callable[..., None], options: dict[str, object] | None = None) -> None:
    """Call `main` with `options`; end an unusable input, file or number in a line.

    `options` are those of the command line by default. The exit code of an error is 1.
    `GENBENCH_TRACEBACK=1` shows the traceback instead. Errors that nobody foresaw always do.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)
    for level, name in ((logging.WARNING, "warning"), (logging.INFO, "note")):
        logging.addLevelName(level, name)
    try:
        main(**(parse(main) if options is None else options))
    except KeyboardInterrupt as stop:
        _exit_process(130, str(stop) or "interrupted; `dvc repro` starts this stage again")
    except (InputError, OSError, FloatingPointError, MemoryError, RuntimeError) as error:
        line = _line(error)
        if line is None or os.environ.get("GENBENCH_TRACEBACK"):
            raise
        if os.environ.get("RANK", "0") != "0":
            time.sleep(SECONDS_FOR_FIRST)
        _exit_process(1, f"error: {line}")
    _exit_process(0)


def parse(main: Callable[..., None], words: list[str] | None = None) -> dict[str, object]:
    """Options of a command line, made from the annotated parameters of `main`.

    A parameter `latent_dim: int` is the option `--latent-dim`; one with a default may be left out.
    In a path, {dataset} is the value of `--dataset`, which `main` need not take: DVC quotes values
    for the shell if it writes the options itself (`${item}`), and not where it fills a path.
    """
    words = sys.argv[1:] if words is None else words
    parameters = inspect.signature(main).parameters
    values = dict(zip(words[::2], words[1::2], strict=False))

    def path(text: str) -> Path:
        return Path(re.sub(r"\{(\w+)\}", lambda match: values.get(f"--{match[1]}", ""), text))

    parser = argparse.ArgumentParser(description=inspect.getdoc(inspect.getmodule(main)))
    for name in set(re.findall(r"\{(\w+)\}", " ".join(words))) - parameters.keys():
        parser.add_argument(f"--{name}", required=True)
    for name, parameter in parameters.items():
        kind, *_ = get_args(parameter.annotation) or (parameter.annotation,)
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        kind = path if kind is Path else kind
        flags = dict.fromkeys(["--" + name.replace("_", "-"), f"--{name}"])
        parser.add_argument(*flags, type=kind, required=required, default=default)
    options = vars(parser.parse_args(words))
    return {name: options[name] for name in parameters}


def _line(error: Exception) -> str | None:
    """What a user should read; None for an error that is not theirs."""
    size = re.search(r"(?i)(?:tried to|unable to) allocate ([\d.]+) ?(\w+)", str(error))
    if size is None and not isinstance(error, MemoryError):
        return None if isinstance(error, RuntimeError) else " ".join(str(error).split())
    asked = ""
    if size:
        amount = float(size[1])
        unit = size[2]
        if unit == "bytes":
            amount /= 2**30
            unit = "GiB"
        asked = f": {amount:.2f} {unit} more were asked for"
    lower = "lower train.batch_size, model.width or the number of images (n) of this stage"
    return f"out of memory{asked}; {lower}"


def _exit_process(code: int, message: str | None = None) -> None:
    """End the process without taking torch down in order, which takes 0.8 s."""
    if message:
        sys.stdout.flush()  # that the message comes last, in a log as well
        print(message, file=sys.stderr)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
