"""The choices of a run: params.yaml as frozen objects."""

from .load import Params, load

__all__ = ["Params", "load"]
