"""What MLflow is to hold of each training, made from the results in the workspace."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ..latent.results import METRICS_FILE, Embeddings
from ..params import Params
from ..params.renamed import first_names
from ..results import points, summary
from ..results import run as results
from ..results.points import SweepPoint
from ..training.results import WEIGHTS, Training
from ..utils import files, provenance
from . import details as table
from .selection import FACTS

WEIGHTS_TAG = "genbench.weights"
"""The sha256 of the weights."""
CODE_TAG = "genbench.code"
"""A digest of the code that made the results, as dvc.lock has it."""
LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class RunContent:
    """One training and what was measured on it.

    stage, name : the stage of dvc.yaml and its item, such as train and digits-vae
    metrics : numbers that belong to its end, after `training.summary.images` images
    details : all numbers, for the table
    processed : the file of its dataset
    artifacts : files by folder
    store_model : whether the weights are stored as a model
    """

    stage: str
    name: str
    choices: dict[str, object]
    training: Training
    metrics: dict[str, float]
    tags: dict[str, str]
    details: list[table.Row]
    processed: Path
    artifacts: dict[str, list[Path]]
    store_model: bool

    @property
    def key(self) -> str:
        """The choices in 16 hexadecimal digits."""
        return provenance.digest(first_names(self.choices))

    @property
    def images(self) -> int:
        """Images seen at the end of the training."""
        return self.training.summary.images

    @cached_property
    def training_digest(self) -> str:
        """Weights and loss curves in 16 hexadecimal digits: equal ones are the same training."""
        history = provenance.sha256(self.training.folder / "history.csv")
        return provenance.digest([self.tags[WEIGHTS_TAG], history])

    @property
    def content_digest(self) -> str:
        """All there is to send in 16 hexadecimal digits."""
        sums = {k: [provenance.sha256(path) for path in v] for k, v in self.artifacts.items()}
        parts = [self.training_digest, self.metrics, self.tags, self.details, sums]
        return provenance.digest(parts)

    def points(self) -> set[tuple[str, int, float]]:
        """The loss curves as (name, images seen, value)."""
        rows = ((int(row["images"]), row) for row in self.training.history)
        return {(k, images, v) for images, row in rows for k, v in row.items() if k != "images"}


def collect(params: Params, data: Path, details: Path) -> Iterator[RunContent]:
    """All trainings that are there, with what was measured on them so far."""
    stages = (files.load_yaml(LOCK) or {}).get("stages", {}) if LOCK.exists() else {}
    for dataset in params.datasets:
        folder = data / "models" / dataset
        for model in filter(lambda name: _is_trained(folder / name), params.models):
            yield _with_code(_model(params, dataset, model, data, details), stages)
        names = [*points.grid_names(params), *points.beta_names(params)]
        names = [name for name in names if _is_trained(folder / name)]
        for point in points.load_points(dataset, names, data, details):
            yield _with_code(_point(params, dataset, point, data, details), stages)


def _with_code(content: RunContent, stages: dict[str, dict]) -> RunContent:
    """The same with a tag of the code, if DVC has noted what made it.

    Of its own stages, such as train@digits-vae, and of those of its dataset: what they depend on
    of the code, at the time when they ran.
    """
    own = {content.name, content.choices["dataset"]}
    entries = {k: v for k, v in stages.items() if k.partition("@")[2] in own}
    if not any(stage.endswith(f"@{content.name}") for stage in entries):
        return content
    code = {
        stage: [[dep["path"], dep["md5"]] for dep in entry.get("deps", ()) if _is_code(dep["path"])]
        for stage, entry in entries.items()
    }
    return replace(content, tags=content.tags | {CODE_TAG: provenance.digest(code)})


def _is_code(path: str) -> bool:
    return path.startswith(("src/", "stages/"))


def _is_trained(folder: Path) -> bool:
    return all((folder / name).exists() for name in (WEIGHTS, "history.csv", "summary.json"))


def _model(params: Params, dataset: str, model: str, data: Path, details: Path) -> RunContent:
    tsne = details / "tsne" / dataset
    path = tsne / METRICS_FILE
    embeddings = Embeddings.load(path) if path.exists() else None
    result = results.load_model(model, dataset, embeddings, data, details, partial=True)
    metrics, tags = _facts(result.training)
    score = result.detection.main_score
    folders = {name: result.paths[name] for name in ("latent", "evaluate", "anomaly")}
    folders |= {"samples": result.paths["sample"], "tsne": tsne}
    return RunContent(
        stage="train",
        name=f"{dataset}-{model}",
        choices=params.of_run(dataset, model),
        training=result.training,
        metrics=metrics | summary.headlines(result),
        tags=tags | ({"genbench.main_score": score} if score else {}),
        details=table.model_rows(result, embeddings),
        processed=data / "processed" / f"{dataset}.npz",
        artifacts=_training_files(result.training)
        | {name: _readable(folder) for name, folder in folders.items()},
        store_model=True,
    )


def _point(
    params: Params, dataset: str, point: SweepPoint, data: Path, details: Path
) -> RunContent:
    model = point.point.model
    at = point.point.at
    if "beta" in at:  # 4 in params.yaml is 4.0 here, which is another key
        at = {"beta": next(beta for beta in params.sweep.beta if beta == at["beta"])}
    metrics, tags = _facts(point.training)
    name = point.training.folder.name
    return RunContent(
        stage="rate_distortion" if "beta" in at else "sweep",
        name=f"{dataset}-{name}",
        choices={**params.at_point(at).of_run(dataset, model), "stage": "sweep"},
        training=point.training,
        metrics=metrics | summary.point_headlines(point),
        tags=tags | {"genbench.grid": f"{dataset}-{model}"},
        details=table.point_rows(point),
        processed=data / "processed" / f"{dataset}.npz",
        artifacts=_training_files(point.training)
        | {"evaluate": [details / "sweep" / dataset / f"{name}.json"]},
        store_model=False,  # takes seconds, and a grid has many points
    )


def _facts(training: Training) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics and tags of the training itself; without a note it came from DVC's cache."""
    facts = provenance.load(training.weights)
    tags = {key: str(value) for key, value in facts.items() if key not in FACTS}
    tags["genbench.restored"] = "false" if facts else "true"
    tags[WEIGHTS_TAG] = provenance.sha256(training.weights)
    tags["genbench.alarms"] = "; ".join(training.summary.alarms) or "none"
    numbers = {key: facts.get(key) for key in FACTS}
    return {k: v for k, v in numbers.items() if isinstance(v, int | float)}, tags


def _training_files(training: Training) -> dict[str, list[Path]]:
    files = [training.folder / name for name in ("history.csv", "summary.json")]
    return {"": files, "snapshots": list(training.snapshots.values())}


def _readable(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.json"), *folder.glob("*.png")])
