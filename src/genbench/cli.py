"""What every stage script needs from the command line: options, and errors as one line."""

import argparse
import os
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
    except (InputError, OSError, FloatingPointError) as error:
        if os.environ.get("GENBENCH_TRACEBACK"):
            raise
        sys.exit(f"error: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        sys.exit("interrupted: `dvc repro` starts this stage again")
