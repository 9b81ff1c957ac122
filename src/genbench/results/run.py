"""All results of a pipeline run in one tree, read from the folders that the stages wrote."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..anomaly import results as anomaly
from ..anomaly.results import DetectionResults
from ..evaluation import results as evaluation
from ..evaluation.results import Controls, Reference
from ..latent import results as latent
from ..latent.results import Embeddings, LatentResults
from ..params import Params
from ..training.results import ClassifierSummary, load_training
from ..utils.errors import InputError
from ..utils.record import Record
from .failures import Failure, find_failure
from .model import NOT_MEASURED, ModelResults, SetsScores, load_scores, replicate
from .points import (
    SweepPoint,
    beta_names,
    failed_trials,
    grid_names,
    load_points,
    load_trial,
    replicate_names,
)
from .processed import ProcessedDataset, load_processed

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class DatasetResults:
    """All models on one dataset, in the order of `models` in params.yaml.

    models : those that were measured; failures : the others
    embeddings : None where the stage tsne has not finished
    point_failures : the points of both sweeps without results
    embeddings_file : the points of the embeddings
    controls_folder, baselines_folder : of these stages
    """

    dataset: str
    processed: ProcessedDataset
    embeddings_file: Path
    controls_folder: Path
    classifier: ClassifierSummary
    reference: Reference
    controls: Controls
    control_detection: DetectionResults
    baselines: DetectionResults
    baselines_folder: Path
    models: list[ModelResults]
    failures: list[Failure]
    embeddings: Embeddings | None
    sweep: list[SweepPoint]
    rate_distortion: list[SweepPoint]
    point_failures: list[Failure]

    @cached_property
    def baseline_scores(self) -> SetsScores:
        """The baselines' scores of the same sets of images as those of the models."""
        return load_scores(self.baselines_folder) if self.baselines.detections else {}

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self.processed.classes

    @property
    def ood_datasets(self) -> list[str]:
        """Names of the datasets that are to be told from this one."""
        return list(self.processed.preprocessing)

    @property
    def extractor(self) -> str:
        """In whose features the metrics are."""
        return self.reference.protocol.extractor

    def ranked(self) -> list[ModelResults]:
        """Best first: by FID, those of one protocol together."""
        return [result for group in self.by_protocol() for result in group]

    def by_protocol(self) -> list[list[ModelResults]]:
        """The results of each protocol, best first, and those of no trained model last."""
        made = {"weights", "checkpoint", "source"}
        trained = [result.protocol for result in self.models if not result.is_imported]
        of_weights = trained[0].model_dump(include=made) if trained else {}
        groups: dict[str, list[ModelResults]] = {}
        for result in sorted(self.models, key=lambda r: float(np.mean(r.values("fid")))):
            protocol = result.protocol.model_dump()
            protocol |= of_weights if result.is_imported else {}
            groups.setdefault(json.dumps(protocol, sort_keys=True), []).append(result)
        return sorted(groups.values(), key=lambda group: all(r.is_imported for r in group))


def collect(params: Params, data: Path, details: Path) -> list[DatasetResults]:
    """Read what the stages wrote for `datasets` x `models`, whatever else lies there.

    A dataset of which nothing can be said without a stage that did not finish is left out.

    Raises
    ------
    InputError : if no dataset is left, or a file is not what its stage writes.
    """
    missing = {name: _missing(name, data, details) for name in params.datasets}
    if all(missing.values()):
        raise InputError(f"nothing to report: {next(iter(missing.values()))} is missing")
    names = [name for name, path in missing.items() if path is None]
    return [_dataset(params, name, data, details) for name in names]


def _missing(dataset: str, data: Path, details: Path) -> Path | None:
    """The first file without which nothing can be said of a dataset; None if all are there."""
    controls = details / "controls" / dataset
    files = (
        data / "processed" / f"{dataset}.npz",
        data / "classifiers" / dataset / "summary.json",
        details / "reference" / dataset / evaluation.METRICS_FILE,
        controls / evaluation.METRICS_FILE,
        controls / evaluation.DETECTION,
    )
    return next((path for path in files if not path.exists()), None)


def _dataset(params: Params, dataset: str, data: Path, details: Path) -> DatasetResults:
    tsne = details / "tsne" / dataset
    failures = {
        model: failure
        for model in params.models
        if (failure := model_failure(dataset, model, data, details))
    }
    models = [m for m in params.models if m not in failures]
    trained = [m for m in models if not params.imported(m)]
    embeddings = _embeddings(tsne, failures, [details / "latent" / dataset / m for m in trained])
    grid, betas = grid_names(params), beta_names(params)
    baselines = details / "baselines" / dataset
    controls = details / "controls" / dataset
    return DatasetResults(
        dataset=dataset,
        processed=load_processed(data / "processed" / f"{dataset}.npz"),
        embeddings_file=tsne / latent.EMBEDDINGS,
        controls_folder=controls,
        classifier=ClassifierSummary.load(data / "classifiers" / dataset / "summary.json"),
        reference=Reference.load(details / "reference" / dataset / evaluation.METRICS_FILE),
        controls=Controls.load(controls / evaluation.METRICS_FILE),
        control_detection=DetectionResults.load(controls / evaluation.DETECTION),
        baselines=_load(baselines / anomaly.METRICS_FILE, DetectionResults(detections=[])),
        baselines_folder=baselines,
        models=[_model(params, m, dataset, embeddings, data, details) for m in models],
        failures=list(failures.values()),
        embeddings=embeddings,
        sweep=load_points(dataset, grid, data, details),
        rate_distortion=load_points(dataset, betas, data, details),
        point_failures=failed_trials(dataset, sum(grid + betas, []), data, details / "sweep"),
    )


def model_failure(dataset: str, model: str, data: Path, details: Path) -> Failure | None:
    """Why a model cannot be compared; None if it can."""
    stages = {
        "sample": data / "samples" / dataset / model / "grid.png",
        "evaluate": details / "evaluate" / dataset / model / evaluation.METRICS_FILE,
    }
    return find_failure(dataset, model, data, stages)


def _embeddings(tsne: Path, failures: dict[str, Failure], latents: list[Path]) -> Embeddings | None:
    """Those of all models; None where a stage before tsne is unfinished: others would be old."""
    unfinished = any(failure.unfinished for failure in failures.values())
    paths = [tsne / latent.METRICS_FILE, *(path / latent.METRICS_FILE for path in latents)]
    if unfinished or not all(path.exists() for path in paths):
        return None
    return Embeddings.load(paths[0])


def load_model(
    model: str,
    dataset: str,
    embeddings: Embeddings | None,
    data: Path,
    details: Path,
    seed: int,
) -> ModelResults:
    """The results of one trained model on one dataset; a stage that is missing measured nothing."""
    stages = ("evaluate", "anomaly", "latent")
    paths = {stage: details / stage / dataset / model for stage in stages}
    paths["sample"] = data / "samples" / dataset / model

    return ModelResults(
        model=model,
        training=load_training(data / "models" / dataset / model),
        quality=_load(paths["evaluate"] / evaluation.METRICS_FILE, NOT_MEASURED),
        detection=_load(paths["anomaly"] / anomaly.METRICS_FILE, DetectionResults(detections=[])),
        latent=_load(paths["latent"] / latent.METRICS_FILE, LatentResults(metrics={})),
        embedding=embeddings.codes.get(model) if embeddings else None,
        paths=paths,
        seed=seed,
    )


def _model(
    params: Params,
    model: str,
    dataset: str,
    embeddings: Embeddings | None,
    data: Path,
    details: Path,
) -> ModelResults:
    """The first training of a model together with all others."""
    folder = details / "replicate"
    names = replicate_names(params, model)
    failures = {f.name: f for f in failed_trials(dataset, list(names.values()), data, folder)}
    return replace(
        load_model(model, dataset, embeddings, data, details, params.seed),
        replicates=[
            replicate(load_trial(dataset, name, data, folder), seed)
            for seed, name in names.items()
            if name not in failures
        ],
        failed_seeds={seed: failures[name] for seed, name in names.items() if name in failures},
    )


def _load(path: Path, empty: R) -> R:
    """The record in a file; `empty` where there is no file."""
    return empty.load(path) if path.exists() else empty
