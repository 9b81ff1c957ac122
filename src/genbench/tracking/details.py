"""Everything that was measured on one training as rows of one table, which MLflow shows."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..anomaly.results import DetectionResults
from ..latent.results import Embeddings
from ..results.model import ModelResults
from ..results.points import TrialResults
from ..utils.record import Estimate, Number, Record


class Row(NamedTuple):
    """A number and its 95 % interval, where it has one; `group` says what it was measured on."""

    metric: str
    value: Number
    low: float | None
    high: float | None
    group: str


def model_rows(result: ModelResults, embeddings: Embeddings | None) -> list[Row]:
    """The table of one model; `embeddings` are those of its dataset, if they are there yet."""
    rows = list(_rows("training", result.training.summary))
    rows += _rows("quality", result.quality.metrics.items())
    for share in result.quality.classes:
        rows += _rows(f"class/{share.name}", share)
    rows += _rows("latent", result.latent)
    for error in result.latent.squared_error_by_class or ():
        rows += _rows(f"class/{error.name}", error)
    rows += _detection_rows(result.detection)
    rows += _rows("embedding", result.embedding or ())
    if embeddings and result.model in embeddings.real_neighbors:
        shares = {"real_neighbors": embeddings.real_neighbors[result.model]}
        rows += _rows("embedding", shares.items())
    return rows


def trial_rows(result: TrialResults) -> list[Row]:
    """The table of one trial."""
    trial = result.trial
    rows = list(_rows("training", result.training.summary))
    rows += _rows("quality", trial.metrics.items())
    rows += _rows("latent", ((trial.latent and trial.latent.factors) or {}).items())
    return rows + (_detection_rows(trial.detection) if trial.detection else [])


def _detection_rows(results: DetectionResults) -> list[Row]:
    rows: list[Row] = []
    for detection in results.detections:
        rows += _rows(f"{detection.kind}/{detection.name}/{detection.score}", detection)
    for each in results.localizations:
        rows += _rows(f"{each.kind}/{each.name}/pixels", each)
    return rows


def _rows(group: str, values: Iterable[tuple[str, object]]) -> Iterator[Row]:
    """A row for each number in a record or mapping and in those inside it; lists have none."""
    for key, value in values:
        if isinstance(value, Estimate):
            yield Row(key, value.value, value.low, value.high, group)
        elif isinstance(value, Record):
            yield from _rows(group, value)
        elif isinstance(value, dict):
            yield from _rows(group, value.items())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield Row(key, value, None, None, group)
