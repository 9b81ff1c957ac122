"""What MLflow is to hold of each training, made from the results in the workspace."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import cast

from ..latent.results import METRICS_FILE, Embeddings
from ..params import Params
from ..params.renamed import first_names
from ..results import points, summary
from ..results import run as results
from ..results.failures import Failure, find_failure
from ..results.model import replicate
from ..results.points import SweepPoint, TrialResults
from ..training.results import SUMMARY, WEIGHTS, Training, TrainingSummary
from ..utils import imported, lock_file, provenance
from ..utils.failure import load as failure_of
from . import details as table
from .code import CODE_TAG, digest_code
from .selection import FACTS

WEIGHTS_TAG = "genbench.weights"
"""The sha256 of the weights."""
FAILED_TAG = "genbench.failed"
"""Why there are none."""
SEED_TAG = "genbench.seed"
Notes = Mapping[tuple[str, str], str]
"""What was found about a model, in Markdown, by dataset and model."""
NO_NOTES: Notes = MappingProxyType({})


@dataclass(frozen=True)
class RunContent:
    """One training and what was measured on it.

    stage, name : the stage of dvc.yaml and its item, such as train and digits-vae
    metrics : numbers that belong to its end, after `training.summary.images` images
    details : all numbers, for the table
    processed : the file of its dataset
    artifacts : files by folder
    store_model : whether the weights are stored as a model
    note : what was found about it, in Markdown
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
    status: str = "FINISHED"
    note: str = ""

    @property
    def script(self) -> str:
        """The script of stages/ that trains it."""
        return "train" if self.stage == "train" else "trial_train"

    @property
    def key(self) -> str:
        """The choices in 16 hexadecimal digits."""
        return provenance.digest(first_names(self.choices))

    @property
    def images(self) -> int:
        """Images seen at the end of the training."""
        return self.training.summary.images

    @property
    def snapshots(self) -> dict[int, Path]:
        """Pictures of the same latents, by the images seen when they were due.

        Batches make a model take them a little later; so all models share the steps of a slider.
        """
        images, n = (cast(int, self.choices[f"train.{key}"]) for key in ("images", "snapshots"))
        spacing = images / max(1, n - 1)
        taken = self.training.snapshots.items()
        return {round(spacing * round(seen / spacing)): path for seen, path in taken}

    @property
    def snapshots_digest(self) -> str:
        """The snapshots in 16 hexadecimal digits."""
        sums = {step: provenance.sha256(path) for step, path in self.snapshots.items()}
        return provenance.digest(sums)

    @cached_property
    def training_digest(self) -> str:
        """Weights and loss curves in 16 hexadecimal digits: equal ones are the same training."""
        if self.status == "KILLED":
            return provenance.digest([self.tags[FAILED_TAG], self.images])
        history = provenance.sha256(self.training.folder / "history.csv")
        made = self.training.folder / imported.FILE
        weights = provenance.sha256(made) if made.exists() else self.tags.get(WEIGHTS_TAG)
        return provenance.digest([weights or self.tags[FAILED_TAG], history])

    @property
    def content_digest(self) -> str:
        """All there is to send in 16 hexadecimal digits."""
        sums = {k: [provenance.sha256(path) for path in v] for k, v in self.artifacts.items()}
        parts = [self.training_digest, self.metrics, self.tags, self.details, sums]
        parts += [self.snapshots_digest, self.note, self.script]
        return provenance.digest(parts)

    def points(self) -> set[tuple[str, int, float]]:
        """The loss curves as (name, images seen, value)."""
        rows = ((int(row["images"]), row) for row in self.training.history)
        return {(k, images, v) for images, row in rows for k, v in row.items() if k != "images"}


def collect(
    params: Params,
    data: Path,
    details: Path,
    *,
    notes: Notes = NO_NOTES,
    ended: bool = False,
) -> Iterator[RunContent]:
    """All trainings that are there, with what was measured on them so far.

    ended : the pipeline is not under way: models that are not there were killed, or never trained
    """
    stages = lock_file.load()
    for dataset in params.datasets:
        for content in _of_dataset(params, dataset, data, details, ended):
            code = digest_code(content.name, dataset, stages)
            tags = content.tags | {SEED_TAG: str(content.choices["seed"])}
            tags |= {CODE_TAG: code} if code else {}
            item = (dataset, str(content.choices["model_name"]))
            note = notes.get(item, "") if content.stage == "train" else ""
            yield replace(content, tags=tags, note=note)


def _of_dataset(
    params: Params, dataset: str, data: Path, details: Path, ended: bool
) -> Iterator[RunContent]:
    folder = data / "models" / dataset
    for model in params.models:
        if _is_trained(folder / model):
            yield _model(params, dataset, model, data, details)
        elif (failure := find_failure(dataset, model, data, {})) and (ended or failure.images):
            yield _unfinished(params, dataset, failure, folder / model)
    replicates = [points.replicate_names(params, model).values() for model in params.models]
    sweeps = [*points.grid_names(params), *points.beta_names(params)]
    for stage, names in (("replicate", sum(map(list, replicates), [])), ("sweep", sum(sweeps, []))):
        for name in filter(lambda name: _is_trained(folder / name), names):
            if (details / stage / dataset / f"{name}.json").exists():
                result = points.load_trial(dataset, name, data, details / stage)
                yield _trial(params, dataset, result, data, details / stage)


def _is_trained(folder: Path) -> bool:
    """Whether a training has ended, well or not, or there is none: images were made elsewhere."""
    has_ended = (folder / WEIGHTS).exists() or failure_of(folder) is not None
    has_ended = has_ended or imported.load(folder) is not None
    return has_ended and all((folder / name).exists() for name in ("history.csv", SUMMARY))


def _unfinished(params: Params, dataset: str, failure: Failure, folder: Path) -> RunContent:
    """A training that was killed: nothing but how far it came."""
    nothing = TrainingSummary(
        images=failure.images, parameters=0, flops=0.0, ema=False, final={}, alarms=[]
    )
    return RunContent(
        stage="train",
        name=f"{dataset}-{failure.name}",
        choices=params.of_run(dataset, failure.name),
        training=Training(folder, nothing, []),
        metrics={},
        tags={FAILED_TAG: str(failure).removeprefix("failed ")},
        details=[table.Row("images", failure.images, None, None, "training")],
        processed=folder.parents[1] / "processed" / f"{dataset}.npz",
        artifacts={},
        store_model=False,
        status="KILLED",
    )


def _model(params: Params, dataset: str, model: str, data: Path, details: Path) -> RunContent:
    tsne = details / "tsne" / dataset
    path = tsne / METRICS_FILE
    embeddings = Embeddings.load(path) if path.exists() else None
    result = results.load_model(model, dataset, embeddings, data, details, params.seed)
    metrics, tags = _facts(result.training)
    score = result.detection.main_score
    folders = {name: result.paths[name] for name in ("latent", "evaluate", "anomaly")}
    folders |= {"samples": result.paths["sample"], "tsne": tsne}
    return RunContent(
        stage="train",
        name=f"{dataset}-{model}",
        choices=params.of_run(dataset, model),
        training=result.training,
        metrics=metrics | summary.training_headlines(result),
        tags=tags | ({"genbench.main_score": score} if score else {}),
        details=table.model_rows(result, embeddings),
        processed=data / "processed" / f"{dataset}.npz",
        artifacts=_training_files(result.training)
        | {name: _readable(folder) for name, folder in folders.items()},
        store_model=WEIGHTS_TAG in tags,
        status="FAILED" if FAILED_TAG in tags else "FINISHED",
    )


def _trial(
    params: Params, dataset: str, result: TrialResults, data: Path, details: Path
) -> RunContent:
    trial = result.trial
    at = trial.at
    if "beta" in at:  # 4 in params.yaml is 4.0 here, which is another key
        at = at | {"beta": next(beta for beta in params.sweep.beta if beta == at["beta"])}
    metrics, tags = _facts(result.training)
    name = result.training.folder.name
    if details.name == "replicate":
        headlines = summary.training_headlines(replicate(result, int(at["seed"])))
    else:
        headlines = summary.point_headlines(SweepPoint([result]))
        tags["genbench.grid"] = f"{dataset}-{trial.model}"
    return RunContent(
        stage="rate_distortion" if "beta" in at else details.name,
        name=f"{dataset}-{name}",
        choices={**params.at_point(at).of_run(dataset, trial.model), "stage": details.name},
        training=result.training,
        metrics=metrics | (headlines if trial.quality else {}),
        tags=tags,
        details=table.trial_rows(result),
        processed=data / "processed" / f"{dataset}.npz",
        artifacts=_training_files(result.training)
        | {"evaluate": [details / dataset / f"{name}.json"]},
        store_model=False,  # takes seconds, and there are many
        status="FAILED" if FAILED_TAG in tags else "FINISHED",
    )


def _facts(training: Training) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics and tags of the training itself; without a note it came from DVC's cache."""
    alarms = {"genbench.alarms": "; ".join(training.summary.alarms) or "none"}
    if reason := failure_of(training.folder):
        failed = f"after {training.summary.images:,} images: {reason}"
        return {}, alarms | {FAILED_TAG: failed}
    if imported.load(training.folder):
        return {}, {"genbench.source": "images made elsewhere"}
    facts = provenance.load(training.weights)
    tags = {key: str(value) for key, value in facts.items() if key not in FACTS}
    tags["genbench.restored"] = "false" if facts else "true"
    tags[WEIGHTS_TAG] = provenance.sha256(training.weights)
    numbers = {key: facts.get(key) for key in FACTS}
    return {k: v for k, v in numbers.items() if isinstance(v, int | float)}, tags | alarms


def _training_files(training: Training) -> dict[str, list[Path]]:
    files = [training.folder / name for name in ("history.csv", "summary.json")]
    return {"": files}


def _readable(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.json"), *folder.glob("*.png")])
