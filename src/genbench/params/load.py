"""params.yaml as frozen objects, checked as a whole; `schema` has its blocks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from unicodedata import is_normalized

from pydantic import Field, ValidationError

from ..utils import files, paths, portable
from ..utils.errors import InputError, unknown_names, validation_line
from .renamed import old_keys
from .schema import (
    Anomaly,
    Block,
    Classifier,
    Data,
    Distinct,
    Evaluate,
    Imported,
    Latent,
    ListedSeed,
    Model,
    Names,
    Report,
    Seed,
    Split,
    Sweep,
    Tracking,
    Train,
    Tsne,
)

BUILT_IN = {
    "digits": (1, 8, 8),
    "mnist": (1, 28, 28),
    "fashion_mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
    "shapes": (1, 32, 32),
}
"""The shape (C, H, W) of the images of each dataset that ships with genbench."""
ONLY_OOD = ("cifar100", "photos", "noise")
OOD_NAMES = (*BUILT_IN, *ONLY_OOD)
NO_RESULT = {"checkpoint_every"}
AS_BEFORE: tuple[tuple[str, object], ...] = (
    ("evaluate.metrics", []),
    ("train.augment", []),
    ("train.select", "last"),
    ("split.train", None),
)
"""Keys with values that change nothing: runs of before they were keys are the same."""
"""Keys of `train` that no result is meant to depend on."""


class Params(Block):
    """The whole of params.yaml. `zoo` is checked against each model's own signature by `models`."""

    seed: Seed
    seeds: Annotated[list[ListedSeed], Distinct]
    data_seed: Seed
    portable: bool
    device: Literal["auto", "cpu", "cuda", "mps"]
    datasets: Names
    models: Names
    model: Model
    train: Train
    zoo: dict[str, dict[str, Any]]
    split: Split
    data: dict[Annotated[str, Field(pattern=r"^\w+$")], Data]
    classifier: Classifier
    evaluate: Evaluate
    anomaly: Anomaly
    latent: Latent
    tsne: Tsne
    sweep: Sweep
    report: Report
    tracking: Tracking

    def at_point(self, at: Mapping[str, int | float]) -> "Params":
        """The choices of a trial; of a sweep with its budget.

        `at` has those that differ: the seed, latent_dim and width of any model, beta of beta_vae.
        """
        seed = at["seed"] if "seed" in at else self.seed
        if at.keys() <= {"seed"}:
            return self.model_copy(update={"seed": seed})
        shared = {key: at[key] for key in ("latent_dim", "width") if key in at}
        zoo = self.zoo
        if "beta" in at:
            zoo = zoo | {"beta_vae": zoo.get("beta_vae", {}) | {"beta": at["beta"]}}
        model = self.model.model_copy(update=shared)
        train = self.train.model_copy(update={"images": self.sweep.images})
        changed = {"seed": seed, "model": model, "zoo": zoo, "train": train}
        return self.model_copy(update=changed)

    def image_shape(self, dataset: str) -> tuple[int, int, int]:
        """(C, H, W) of the images of a dataset."""
        block = self.data[dataset]
        if block.size is None or block.channels is None:
            return BUILT_IN[dataset]
        return block.channels, block.size, block.size

    def build_args(self, model: str) -> dict:
        """Keyword arguments of a model's class."""
        own = {k: v for k, v in self.zoo.get(model, {}).items() if k != "class_path"}
        return {**self.model.model_dump(), **own}

    def class_path(self, model: str) -> str | None:
        """Where the class of a model of the user's own is; None for one of genbench's."""
        return self.zoo.get(model, {}).get("class_path")

    def imported(self, model: str) -> Imported | None:
        """Where images that were made elsewhere are; None for a model that is trained."""
        block = self.zoo.get(model, {})
        is_imported = "samples" in block and "class_path" not in block
        return Imported.model_validate(block) if is_imported else None

    def of_run(self, dataset: str, model: str) -> dict[str, object]:
        """The flattened choices that one model's results on one dataset depend on."""
        elsewhere = {"seeds", "datasets", "models", "sweep", "report", "tracking", "device"}
        tree = self.model_dump(exclude={**dict.fromkeys(elsewhere, True), "train": NO_RESULT})
        tree |= {"zoo": {model: tree["zoo"].get(model, {})}, "data": tree["data"][dataset]}
        rows = {"dataset": dataset, "model_name": model, **_flat(tree)}
        return {key: value for key, value in rows.items() if (key, value) not in AS_BEFORE}


def _flat(tree: dict, prefix: str = "") -> dict[str, object]:
    rows: dict[str, object] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        rows |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return rows


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check params.yaml; `InputError` names every key that cannot be used."""
    tree = files.load_yaml(path)
    if lines := old_keys(tree):
        raise InputError(f"{path}: {'; '.join(lines)}")
    try:
        p = Params.model_validate(tree)
    except ValidationError as error:
        raise InputError(f"{path}: " + "; ".join(map(validation_line, error.errors()))) from None
    wrong = [line for line in _cross_checks(p) if line]
    if portable.is_asked_for(path) != p.portable:
        wrong.append("portable: must be true, or false on a line of its own as committed")
    if wrong:
        raise InputError(f"{path}: " + "; ".join(wrong))
    return p


def _in_the_way(p: Params):
    """A line for each input of the user that a stage could replace."""
    inputs = {f"data.{name}.path": b.path and paths.resolve(b.path) for name, b in p.data.items()}
    weights = p.evaluate.inception_weights
    inputs |= {"evaluate.inception_weights": weights and paths.resolve(weights)}
    for model in p.zoo:
        made = _imported(p, model)
        for dataset, source in made.samples.items() if made else ():
            inputs[f"zoo.{model}.samples.{dataset}"] = paths.resolve(source)
    inputs |= {"GENBENCH_MIRROR": paths.mirror()}
    for key, path in inputs.items():
        if path and (output := paths.output_at(path)):
            advice = "move yours or name another place, for example data/mine"
            yield f"{key}: {path} is, holds or lies in {output}, which may be replaced; {advice}"


def _imported(p: Params, model: str) -> Imported | None:
    try:
        return p.imported(model)
    except ValidationError:  # `_wrong_imports` says it
        return None


def _wrong_imports(p: Params):
    """A line for each mistake in blocks of images that were made elsewhere."""
    for model in p.zoo:
        try:
            block = p.imported(model)
        except ValidationError as error:
            yield from (f"zoo.{model}.{validation_line(each)}" for each in error.errors())
            continue
        for dataset, path in block.samples.items() if block else ():
            key = f"zoo.{model}.samples.{dataset}"
            if dataset not in p.data:
                yield unknown_names(f"zoo.{model}.samples", [dataset], list(p.data))
            elif not paths.resolve(path).exists():
                yield f"{key}: no such file or folder: {paths.resolve(path)}"
        if block and model in p.sweep.models:
            yield f"sweep.models: {model} is not trained here: its images were made elsewhere"


def _cross_checks(p: Params):
    own = [name for name, block in p.data.items() if block.path]
    yield unknown_names("datasets", p.datasets, [*BUILT_IN, *own])
    if p.portable and p.train.threads == "auto":
        yield "train.threads: auto, one per core, is for `portable: false`; give a number"
    if not p.anomaly.severities:
        yield "anomaly.corruptions: none is left; give at least one a severity"
    yield from _wrong_imports(p)
    for model, own_keys in p.zoo.items():
        for key in own_keys.keys() & Model.model_fields.keys():
            yield f"zoo.{model}.{key} is not a known key: all models share model.{key}"
    weights = p.evaluate.inception_weights
    if weights and not paths.resolve(weights).is_file():
        yield f"evaluate.inception_weights: there is no file {paths.resolve(weights)}"
    yield from _in_the_way(p)
    for name in sorted({*p.datasets, *p.data}):
        if not is_normalized("NFC", name):  # DVC compares names byte by byte
            yield f"data.{name}: not in Unicode's composed normal form (NFC); type the name anew"
        if name not in p.data:
            yield f"data.{name} is missing"
            continue
        block = p.data[name]
        yield unknown_names(f"data.{name}.ood", block.ood, [*OOD_NAMES, *own])
        if name in block.ood:
            yield f"data.{name}.ood: {name} cannot be its own OOD dataset"
        if name in ONLY_OOD:
            yield f"data.{name}: the name of an OOD dataset; give yours another one"
        if name in BUILT_IN and (block.path or block.size or block.channels):
            yield f"data.{name}: path, size and channels are for images of your own"
        if name not in BUILT_IN and not (block.path and block.size and block.channels):
            yield f"data.{name}: images of your own need path, size and channels"
