"""How well scores tell images apart, per score and set of images, and the scores themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ..utils import files
from ..utils.record import Estimate, Record

Kind = Literal["val", "test", "corruption", "ood", "defect"]
AnomalyKind = Literal["corruption", "corruptions", "ood", "defect", "defects"]
POOLED: dict[str, Kind] = {"corruptions": "corruption", "defects": "defect"}
"""Kinds of which one detection, by the name "all", is of all sets of another kind together."""
METRICS_FILE = "metrics.json"
SCORES = "scores.npz"
EXTREMES = "extremes.png"
MAPS = "maps.png"


class Decisions(Record):
    """The rule "an anomaly scores above `threshold`": counts of images, and rates."""

    threshold: float
    tp: int
    fp: int
    tn: int
    fn: int
    precision: float
    recall: float
    f1: float


class Shift(Record):
    """Means of the score in either set with their standard errors; Cohen's d; p of Welch's test."""

    mean_in: float
    mean_out: float
    sem_in: float
    sem_out: float
    effect: float
    p: float


class Detection(Record):
    """One score against one set of images; test images are the other set.

    kind : corruption, ood, defect, or one of `POOLED`
    name : of the corruption, the dataset or the defect; "all" for those together
    """

    kind: AnomalyKind
    name: str
    score: str
    n_in: int
    n_out: int
    auroc: Estimate
    aupr: float
    aupr_normal: float
    fpr95: float
    decisions: Decisions | None = None
    shift: Shift | None = None


class Localization(Record):
    """How well a map of each image shows where the anomaly is.

    kind, name : as of a `Detection`
    n : images; auroc : of their pixels, those of the anomaly against all others
    """

    kind: AnomalyKind
    name: str
    n: int
    auroc: Estimate


class DetectionResults(Record):
    """All detections of one model, or of the baselines; `main_score` is the model's own choice.

    localizations : of the sets whose masks are known, by the map of errors
    """

    main_score: str | None = None
    detections: list[Detection]
    localizations: list[Localization] = []

    def by_score(self, kind: str, name: str | None = None) -> dict[str, Detection]:
        """The detections of one set, by score, the main score first."""
        rows = [d for d in self.detections if d.kind == kind and name in (None, d.name)]
        return {d.score: d for d in sorted(rows, key=lambda d: d.score != self.main_score)}

    def main(self, kind: str, name: str | None = None) -> Detection | None:
        """What the main score says of one set; None for a model without scores."""
        return self.by_score(kind, name).get(self.main_score or "")

    def names(self, kind: str) -> list[str]:
        """Names of the sets of one kind, in order."""
        return list(dict.fromkeys(d.name for d in self.detections if d.kind == kind))


class ImageSet(NamedTuple):
    """Images that detectors are tried on, (N, C, H, W) uint8; no detector is told their classes.

    mask : (N, H, W) bool, the pixels of the anomaly; None where nobody knows
    """

    kind: Kind
    name: str
    x: np.ndarray
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class SetScores:
    """Scores of one set of images, by score, each (N,); larger is more anomalous."""

    kind: Kind
    name: str
    scores: dict[str, np.ndarray]


def save_scores(path: Path, sets: list[SetScores]) -> None:
    """Write scores; names are values of arrays, not keys."""
    arrays = {"kinds": np.array([s.kind for s in sets]), "names": np.array([s.name for s in sets])}
    arrays["scores"] = np.array(list(sets[0].scores), dtype=str)
    for i, part in enumerate(sets):
        arrays |= {f"{i}_{j}": values for j, values in enumerate(part.scores.values())}
    files.save_npz(path, **arrays)


def load_scores(path: Path) -> Iterator[SetScores]:
    """Read what `save_scores` wrote, in order."""
    arrays = files.load_arrays(path)
    names = arrays["scores"].tolist()
    pairs = zip(arrays["kinds"].tolist(), arrays["names"].tolist(), strict=True)
    for i, (kind, name) in enumerate(pairs):
        scores = {score: arrays[f"{i}_{j}"] for j, score in enumerate(names)}
        yield SetScores(kind, name, scores)
