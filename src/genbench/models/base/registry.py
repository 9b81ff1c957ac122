"""Builds and loads the models of the zoo: the files in `genbench/models`, by their names.

A new model is one file there with a class `Model`; it is found by its name and needs no entry here.
"""

import importlib
import inspect
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError, create_model

from ...networks import checkpoint
from ...utils.choices import Block
from ...utils.errors import InputError, unknown_names, validation_line

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
    args = _check_args(name, args)
    try:
        return _constructor(name)(tuple(image_shape), classes, **args)
    except ValueError as error:
        raise InputError(f"zoo.{name}.{error}") from None


def arguments(name: str) -> type[Block]:
    """The keyword-only arguments of a model: a block whose keys, types and bounds are theirs."""
    parameters = inspect.signature(_constructor(name)).parameters.values()
    fields: dict[str, Any] = {
        p.name: (p.annotation, ...) for p in parameters if p.kind == p.KEYWORD_ONLY
    }
    return create_model(name, __base__=Block, **fields)


def check(params) -> None:
    """Build every model that params.yaml asks for, for each dataset; without memory or time.

    Raises
    ------
    InputError : for a name that is not in the zoo, and for what a model cannot use.
    """
    check_names(params)
    used = {*params.models, *params.sweep.models, *(["beta_vae"] if params.sweep.beta else [])}
    cases = {(name, (1, 8, 8)) for name in {*params.zoo, *used}}
    cases |= {(name, params.image_shape(dataset)) for name in used for dataset in params.datasets}
    for name in {*params.zoo, *used}:
        _check_args(name, params.build_args(name))
    with torch.device("meta"):
        for name, shape in sorted(cases):
            build(name, shape, 2, **params.build_args(name))


def check_names(params) -> None:
    """Raise an `InputError` for names of models in params.yaml that are not in the zoo."""
    lists = {"models": params.models, "sweep.models": params.sweep.models, "zoo": params.zoo}
    errors = [unknown_names(key, names, NAMES) for key, names in lists.items()]
    if any(errors):
        raise InputError(f"params.yaml: {'; '.join(filter(None, errors))}")


def load_model(path: Path, device: str | torch.device = "cpu"):
    """Rebuild a generative model from its file, in eval mode, on `device`."""
    return checkpoint.load(path, build).to(device, memory_format=torch.channels_last)


def _check_args(name: str, args: dict) -> dict:
    """The same, as the model's constructor takes them: 5e4, a float in YAML, is 50,000."""
    try:
        return dict(arguments(name).model_validate(args))
    except ValidationError as error:
        lines = [f"zoo.{name}.{validation_line(e)}" for e in error.errors()]
        raise InputError("; ".join(lines)) from None


def _constructor(name: str):
    return importlib.import_module(f"genbench.models.{name}").Model
