"""The headlines of a run: what summary.json, `dvc metrics diff` and MLflow's metrics hold."""

from collections.abc import Mapping

from ..evaluation.results import OWN_PREFIX
from ..utils.record import Estimate, Number
from .failures import Failure
from .metrics import HEADLINES
from .model import ModelResults
from .points import SweepPoint
from .run import DatasetResults
from .trainings import over_trainings

BY_EXTRACTOR = {metric.key for metric in HEADLINES if metric.by_extractor}


def summarize(results: list[DatasetResults]) -> dict[str, dict[str, dict[str, Number]]]:
    """dataset -> model -> headline: one row per number in `dvc metrics diff`."""
    return {result.dataset: _dataset(result) for result in results}


def headlines(result: ModelResults) -> dict[str, Number]:
    """At most 14 numbers of one model, means over its trainings; of one training its own."""
    by_training = [training_headlines(each) for each in result.trainings]
    if len(by_training) == 1:
        return by_training[0]
    return {
        key: over_trainings(values).mean.value for key, values in values_by_key(by_training).items()
    }


def values_by_key(by_training: list[dict[str, Number]]) -> dict[str, list[Number]]:
    """The values of all trainings that have one."""
    keys = dict.fromkeys(key for each in by_training for key in each)
    return {key: [each[key] for each in by_training if key in each] for key in keys}


def training_headlines(result: ModelResults) -> dict[str, Number]:
    """Those of one training; one in features carries its extractor: fid_classifier."""
    values = {metric.key: result.value(metric.key) for metric in HEADLINES}
    values |= own_values(result.quality.metrics)
    values["knn_accuracy"] = result.embedding.knn_accuracy if result.embedding else None
    values["corruption_auroc"] = _auroc(result, "corruptions")
    values["ood_auroc"] = _auroc(result, "ood")
    values["defect_auroc"] = _auroc(result, "defects")
    return _named(values, result.protocol.extractor)


def own_values(metrics: Mapping[str, Estimate]) -> dict[str, Number]:
    """The values of the user's own metrics."""
    return {key: each.value for key, each in metrics.items() if key.startswith(OWN_PREFIX)}


def _auroc(result: ModelResults, kind: str) -> float | None:
    """The main score's AUROC against images of one kind, mean over the sets of that kind."""
    detections = [result.detection.main(kind, name) for name in result.detection.names(kind)]
    values = [d.auroc.value for d in detections if d is not None]
    return sum(values) / len(values) if values else None


def point_headlines(point: SweepPoint) -> dict[str, Number]:
    """What a point of a sweep is compared by: FID, size, a validation loss or a rate."""
    keys = ["fid", "rate", "distortion", "active_units", "parameters"]
    loss = validation_metric(point.final)
    keys += [loss] if loss else []
    values = {key.replace("/", "_"): point.value(key) for key in keys if key in point.values}
    return _named(values, point.extractor)


def validation_metric(final: dict[str, Number]) -> str | None:
    """What tells one training of a model from another on validation images: a bound, a distance.

    A loss may have weights of its own (beta, warm-up), the negative ELBO has none.
    """
    keys = ("negative_elbo", "jensen_shannon", "earth_movers_distance", "loss")
    return next((f"val/{key}" for key in keys if f"val/{key}" in final), None)


def _failure(failure: Failure) -> dict[str, Number]:
    """All that can be a number of what failed."""
    return {"failed_after_images": failure.images}


def _named(values: Mapping[str, Number | None], extractor: str) -> dict[str, Number]:
    return {
        f"{key}_{extractor}" if key in BY_EXTRACTOR or key.startswith(OWN_PREFIX) else key: value
        for key, value in values.items()
        if value is not None
    }


def _dataset(results: DatasetResults) -> dict[str, dict[str, Number]]:
    rows = {result.model: headlines(result) for result in results.models}
    rows |= {each.name: _failure(each) for each in results.failures}
    rows |= {
        failure.name: _failure(failure)
        for result in results.models
        for failure in result.failed_seeds.values()
    }
    rows |= {f"sweep-{each.name}": _failure(each) for each in results.point_failures}
    for name in ("floor", "ceiling"):
        estimates: dict[str, Estimate] = getattr(results.reference, name)
        values = {key: estimates[key].value for key in BY_EXTRACTOR & estimates.keys()}
        values |= own_values(estimates)
        rows[name] = _named(values, results.extractor)
    for name, quality in results.controls.classical.items():
        keys = [metric.key for metric in HEADLINES if metric.key in quality.metrics]
        values = {key: quality.metrics[key].value for key in keys} | own_values(quality.metrics)
        rows[f"classical-{name}"] = _named(values, results.extractor)
    if results.classifier.test_accuracy is not None:
        rows["classifier"] = {"test_accuracy": results.classifier.test_accuracy}
    for point in (*results.sweep, *results.rate_distortion):
        at = [f"{value:g}" for value in point.at.values()]
        name = "-".join(["sweep", point.model, *at])
        rows[name] = point_headlines(point)
    return rows
