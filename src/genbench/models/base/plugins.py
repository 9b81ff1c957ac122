"""Models of the user's own: classes that params.yaml names by `zoo.<name>.class_path`."""

import inspect
from collections.abc import Mapping
from pathlib import Path

import torch

from ...utils import files
from ...utils.errors import InputError
from ...utils.own_code import COPIES, OwnCode, copy
from ...utils.provenance import sha256
from .interface import GenerativeModel

RECORD = "code.json"
"""Beside the weights of a model of the user's own: its class_path, and the SHA-256 of its file."""
N_IMAGES = 4
"""In the batch of `try_out`."""


def own_code(name: str, class_path: str) -> OwnCode:
    """What the class_path of a model names."""
    return OwnCode.of(f"zoo.{name}.class_path", class_path)


def copy_code(class_paths: Mapping[str, str | None], folder: Path) -> None:
    """Copy the files of models, by their names, into a new folder: genbench's and the user's."""
    folder.mkdir()
    for name, class_path in class_paths.items():
        ours = Path(__file__).parents[1] / f"{name}.py"
        file = own_code(name, class_path).source() if class_path else ours
        copy(file, folder / f"{name}.py")


def load_class(name: str, class_path: str, code: Path) -> type[GenerativeModel]:
    """The class of a model, from `code`, the copy of its file, or from its package.

    Raises
    ------
    InputError : in a line, for code that cannot be run and for what is no model.
    """
    own = own_code(name, class_path)
    model = own.load(code, f"genbench.models.{name}")
    if not inspect.isclass(model) or not issubclass(model, GenerativeModel):
        base = f"{GenerativeModel.__module__}.{GenerativeModel.__name__}"
        raise own.error(f"there is no class {own.name} that is a {base}")
    if missing := ", ".join(sorted(model.__abstractmethods__)):
        raise own.error(f"{own.name} lacks {missing}")
    signature = inspect.signature(model)
    kinds = [p.kind for p in signature.parameters.values()]
    takes_two = kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) == 2
    if not takes_two or not {"latent_dim", "width"} <= signature.parameters.keys():
        wanted = "(image_shape, classes, *, latent_dim, width, ...)"
        raise own.error(f"{own.name} must take {wanted}, got {signature}")
    return model


def facts(name: str, class_path: str, code: Path | None = None) -> dict[str, str]:
    """What lies in RECORD beside weights: which code they belong to."""
    code = code or COPIES / f"{name}.py"
    return {"name": name, "class_path": class_path, "sha256": sha256(code)}


def recorded(folder: Path, code: Path | None = None) -> str | None:
    """The class_path of the model whose weights lie in a folder; None for one of genbench's.

    Raises
    ------
    InputError : if the code is not that with which it was trained.
    """
    if not (folder / RECORD).exists():
        return None
    trained = files.load_json(folder / RECORD)
    code = code or COPIES / f"{trained['name']}.py"
    if not code.exists() or sha256(code) != trained["sha256"]:
        raise InputError(
            f"{trained['class_path']} is not the code that the weights of {trained['name']} were"
            f" trained with, whose SHA-256 begins with {trained['sha256'][:8]}; `dvc repro` trains"
            " them anew"
        )
    return trained["class_path"]


def try_out(name: str, class_path: str, model: GenerativeModel, shape, classes: int) -> None:
    """Call what the stages call, with random images of this shape (C, H, W).

    Raises
    ------
    InputError : in a line, for what fails, is not finite or has another shape than it must have.
    """
    own = own_code(name, class_path)
    x = torch.rand(N_IMAGES, *shape) * 2 - 1
    y = torch.arange(N_IMAGES) % classes

    def check(what: str, got: torch.Tensor, wanted: tuple[int, ...]) -> None:
        if got.shape != torch.Size(wanted):
            expected = f"must have the shape {tuple(wanted)}, got {tuple(got.shape)}"
            raise own.error(f"{what} {expected}")
        if not got.isfinite().all():
            raise own.error(f"{what} is not finite")

    with own.one_line(f"{name}.py"):
        z = torch.randn(N_IMAGES, model.latent_dim)
        with torch.no_grad():
            images = model.decode(z, y)
    check("what decode returns", images, x.shape)
    if images.abs().max() > 1:
        raise own.error("what decode returns must lie in [-1, 1]")
    with own.one_line(f"{name}.py"):
        for parameters in model.players().values():
            model.optimizer(parameters)
        losses = {player: model.loss(player, x, y)["loss"] for player in model.players()}
        model.eval()
        with torch.no_grad():
            codes, scores = model.encode(x, y), model.scores(x, y)
            features = model.features(x, y)
    for player, loss in losses.items():
        check(f"the loss of {player}", loss, ())
    if codes is not None:
        check("what encode returns", codes, z.shape)
    for score, values in scores.items():
        check(f"the score {score}", values, (N_IMAGES,))
    if "negative_elbo" in scores and model.likelihood_kind is None:
        raise own.error("a model with the score negative_elbo must declare its likelihood_kind")
    check("what features returns", features, (N_IMAGES, features[0].numel()))
