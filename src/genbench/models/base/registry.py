"""Builds and loads the models of the zoo: the files in `genbench/models`, by their names.

A new model is one file there with a class `Model`; it is found by its name and needs no entry here.
"""

import importlib
import inspect
from pathlib import Path
from typing import get_args

import torch

from ...networks import checkpoint
from ...utils.errors import InputError, unknown_names

NAMES = sorted(p.stem for p in Path(__file__).parents[1].glob("*.py") if p.stem != "__init__")
IMAGE_SIZES = range(8, 65)
"""Pixels of a side."""


def build(name: str, image_shape, classes: int, **args):
    """A freshly initialized model.

    Parameters
    ----------
    name : one of NAMES
    image_shape : (C, H, W), C 1 or 3, H = W from 8 to 64
    classes : number of classes, for models that use labels
    args : the keyword-only arguments of the model's own signature, all of them

    Raises
    ------
    InputError : naming `zoo.<name>.<key>` for an argument that the model cannot use.
    """
    channels, height, width = image_shape
    if height != width or height not in IMAGE_SIZES or channels not in (1, 3):
        raise InputError(
            f"images must be square, 8 to 64 pixels, with 1 or 3 channels; got {tuple(image_shape)}"
        )
    if name not in NAMES:
        raise InputError(f"there is no model {name}; known: {', '.join(NAMES)}")
    model = importlib.import_module(f"genbench.models.{name}").Model
    args = _check_args(name, args, model)
    try:
        return model(tuple(image_shape), classes, **args)
    except ValueError as error:
        raise InputError(f"zoo.{name}.{error}") from None


def check_names(params) -> None:
    """Raise an `InputError` for names of models in params.yaml that are not in the zoo."""
    lists = {"models": params.models, "sweep.models": params.sweep.models, "zoo": params.zoo}
    errors = [unknown_names(key, names, NAMES) for key, names in lists.items()]
    if any(errors):
        raise InputError(f"params.yaml: {'; '.join(filter(None, errors))}")


def load_model(path: Path, device: str | torch.device = "cpu"):
    """Rebuild a generative model from its file, in eval mode, on `device`."""
    stored = checkpoint.read(path)
    model = build(**stored["build_args"])
    model.load_state_dict(stored["weights"])
    return model.to(device, memory_format=torch.channels_last).eval()


def _check_args(name: str, args: dict, model) -> dict:
    """The same, compared with names and annotations of the model's keyword-only arguments.

    A whole number that is written as a float, as 5e4 is in YAML, becomes one.
    """
    signature = inspect.signature(model).parameters.values()
    annotations = {p.name: p.annotation for p in signature if p.kind == p.KEYWORD_ONLY}
    for key in sorted(args.keys() ^ annotations.keys()):
        problem = "is not a known key" if key in args else "is missing"
        raise InputError(f"zoo.{name}.{key} {problem}; the keys are {', '.join(annotations)}")
    for key, kind in annotations.items():
        value = args[key]
        if kind is int and isinstance(value, float) and value.is_integer():
            value = args[key] = int(value)
        choices = get_args(kind)
        if choices and value not in choices:
            raise InputError(f"zoo.{name}.{key} must be one of {', '.join(choices)}; got {value!r}")
        allowed = {float: (float, int), int: (int,), bool: (bool,)}.get(kind, ())
        if allowed and type(value) not in allowed:
            raise InputError(f"zoo.{name}.{key} must be {kind.__name__}, got {value!r}")
    return args
