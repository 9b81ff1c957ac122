"""Builds and loads the models: the files in `genbench/models`, by their names, and `plugins`.

A new model is one file there with a class `Model`; it is found by its name and needs no entry here.
"""

import importlib
import inspect
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError, create_model

from ...networks import checkpoint
from ...utils.choices import Block
from ...utils.errors import InputError, unknown_names, validation_line
from ...utils.own_code import load_file
from . import plugins
from .interface import GenerativeModel

NAMES = sorted(p.stem for p in Path(__file__).parents[1].glob("*.py") if p.stem != "__init__")
IMAGE_SIZES = range(8, 65)
"""Pixels of a side."""


def build(
    name: str,
    image_shape,
    classes: int,
    class_path: str | None = None,
    code: Path | None = None,
    **args,
):
    """A freshly initialized model.

    Parameters
    ----------
    name : one of NAMES, or that of a model of the user's own
    image_shape : (C, H, W), C 1 or 3, H = W from 8 to 64
    classes : number of classes, for models that use labels
    class_path : of a model of the user's own
    code : the file to take it from; None: ours from genbench, the user's from `plugins.COPIES`
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
    if not class_path and not code and name not in NAMES:
        raise InputError(f"there is no model {name}; known: {', '.join(NAMES)}")
    model = _constructor(name, class_path, code)
    args = _check_args(name, model, args)
    try:
        with plugins.own_code(name, class_path).one_line() if class_path else nullcontext():
            return model(tuple(image_shape), classes, **args)
    except ValueError as error:
        raise error if class_path else InputError(f"zoo.{name}.{error}") from None


def arguments(name: str, model: type[GenerativeModel] | None = None) -> type[Block]:
    """The keyword-only arguments of a model: a block whose keys, types and bounds are theirs."""
    parameters = inspect.signature(model or _constructor(name), eval_str=True).parameters.values()
    fields: dict[str, Any] = {
        p.name: (
            Any if p.annotation is p.empty else p.annotation,
            ... if p.default is p.empty else p.default,
        )
        for p in parameters
        if p.kind == p.KEYWORD_ONLY
    }
    return create_model(name, __base__=Block, **fields)


def copy_code(params, folder: Path) -> None:
    """Copy the file of every model that params.yaml asks for into a new folder."""
    names = {*_used(params), *_own(params)}
    plugins.copy_code({name: _own(params).get(name) for name in names}, folder)
    for name in _imported(params):  # stages depend on a file of every model
        (folder / f"{name}.py").write_text(f'"""Images of zoo.{name}.samples."""\n')


def check(params, folder: Path = plugins.COPIES) -> None:
    """Build every model that params.yaml asks for, for each dataset; without memory or time.

    The user's own are tried out as well, with a few random images. Their files lie in `folder`.

    Raises
    ------
    InputError : for a name that is not in the zoo, and for what a model cannot use.
    """
    check_names(params)
    own, used = _own(params), _used(params)
    code = {name: folder / f"{name}.py" for name in own}
    named = {*params.zoo, *used} - _imported(params)
    cases = {(name, (1, 8, 8)) for name in named}
    cases |= {(name, params.image_shape(dataset)) for name in used for dataset in params.datasets}
    for name in named:
        model = _constructor(name, own.get(name), code.get(name))
        _check_args(name, model, params.build_args(name))
    for name, shape in sorted(cases):
        with nullcontext() if name in own else torch.device("meta"):
            args = params.build_args(name)
            model = build(name, shape, 2, class_path=own.get(name), code=code.get(name), **args)
        if name in own:
            plugins.try_out(name, own[name], model, shape, 2)


def check_names(params) -> None:
    """Raise an `InputError` for names of models in params.yaml that are not in the zoo."""
    lists = {"models": params.models, "sweep.models": params.sweep.models, "zoo": params.zoo}
    imported = _imported(params)
    named = {*_own(params), *imported}
    known = sorted({*NAMES, *named})
    errors = [unknown_names(key, names, known) for key, names in lists.items()]
    errors += [
        f"zoo.{name}: must be a name of letters, digits and _, as Python's are"
        for name in named
        if not (name.isidentifier() and name.isascii())
    ]
    errors += [
        f"zoo.{name}.samples: {name} is a model of genbench; give the images another name"
        for name in imported.intersection(NAMES)
    ]
    if any(errors):
        raise InputError(f"params.yaml: {'; '.join(filter(None, errors))}")


def load_model(path: Path, device: str | torch.device = "cpu", code: Path | None = None):
    """Rebuild a generative model from its file, in eval mode, on `device`.

    code : the file of its class, see `build`

    Raises
    ------
    InputError : for a damaged file, and for another code than that of the training, of a model of
        the user's own.
    """
    class_path = plugins.recorded(path.parent, code)
    rebuild = partial(build, class_path=class_path, code=code)
    return checkpoint.load(path, rebuild).to(device, memory_format=torch.channels_last)


def _used(params) -> set[str]:
    """Names of the models that are trained."""
    used = {*params.models, *params.sweep.models, *(["beta_vae"] if params.sweep.beta else [])}
    return used - _imported(params)


def _imported(params) -> set[str]:
    """Names of those whose images were made elsewhere."""
    return {n for n, args in params.zoo.items() if "samples" in args} - _own(params).keys()


def _own(params) -> dict[str, str]:
    """The class_path of each model of the user's own."""
    return {n: args["class_path"] for n, args in params.zoo.items() if "class_path" in args}


def _check_args(name: str, model: type[GenerativeModel], args: dict) -> dict:
    """The same, as the model's constructor takes them: 5e4, a float in YAML, is 50,000."""
    try:
        return dict(arguments(name, model).model_validate(args))
    except ValidationError as error:
        lines = [f"zoo.{name}.{validation_line(e)}" for e in error.errors()]
        raise InputError("; ".join(lines)) from None


def _constructor(
    name: str, class_path: str | None = None, code: Path | None = None
) -> type[GenerativeModel]:
    if class_path:
        return plugins.load_class(name, class_path, code or plugins.COPIES / f"{name}.py")
    if code:
        return load_file(code, f"genbench.models.{name}").Model
    return importlib.import_module(f"genbench.models.{name}").Model
