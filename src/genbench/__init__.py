"""genbench: image generative models on equal data and budget, evaluated under one protocol."""

import os
import sys
from typing import TYPE_CHECKING

from .utils.portable import pin

if TYPE_CHECKING:
    from .api import Model, evaluate, load

__all__ = ["Model", "evaluate", "load"]

pin()  # before NumPy and PyTorch are loaded

# Read by OpenMP when torch is imported. Its threads else spin while they wait for each other; where
# another process has one of two cores, a training step then took 10 to 100 times as long.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _show(kind, error, trace, otherwise=sys.excepthook) -> None:
    """Ctrl-C while a stage is still importing, before `cli.run`, needs no traceback either."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted; `dvc repro` starts this stage again", file=sys.stderr)
    else:
        otherwise(kind, error, trace)


sys.excepthook = _show


def __getattr__(name: str):
    """The functions of `api`, which only those who call them import."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api

    return getattr(api, name)
