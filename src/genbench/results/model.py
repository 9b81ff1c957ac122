"""A model's results on one dataset: of its first training, and of all others."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from ..anomaly import results as anomaly
from ..anomaly.results import DetectionResults
from ..evaluation.results import Protocol, Quality
from ..latent.results import EmbeddingMetrics, LatentResults
from ..training.results import Training
from ..utils.record import Estimate, Number
from .failures import Failure
from .metric import Metric
from .points import TrialResults
from .trainings import over_trainings

NOT_MEASURED = Quality(
    protocol=Protocol(
        extractor="none", extractor_sha256="", resize="none", n=0, split="test", seed=0
    ),
    n_real=0,
    n_fake=0,
    metrics={},
    sample_sets={},
    classes=[],
)

SetsScores = dict[tuple[str, str], dict[str, np.ndarray]]
"""By kind and name of a set of images and by score: (N,), larger is more anomalous."""


@dataclass(frozen=True)
class ModelResults:
    """One training of a model on one dataset, with all others of the model.

    embedding : None without an encoder, or without the stage tsne
    paths : the folders of its stages: sample, evaluate, anomaly, latent; {} of a replicate
    replicates : the model's other trainings, of other seeds; [] of a replicate
    failed_seeds : those of trainings that have no results, and why
    """

    model: str
    training: Training
    quality: Quality
    detection: DetectionResults
    latent: LatentResults
    embedding: EmbeddingMetrics | None
    paths: dict[str, Path]
    seed: int
    replicates: list["ModelResults"] = field(default_factory=list)
    failed_seeds: dict[int, Failure] = field(default_factory=dict)

    @property
    def trainings(self) -> list["ModelResults"]:
        """All of the model that have results, this one first."""
        return [self, *self.replicates]

    @property
    def is_imported(self) -> bool:
        """Whether its images were made elsewhere, so that there is no more of it."""
        return self.protocol.source is not None

    @property
    def has_encoder(self) -> bool:
        """Whether images have latent codes."""
        return self.latent.n is not None

    @property
    def protocol(self) -> Protocol:
        """How its samples were measured: numbers under another one do not compare."""
        return self.quality.protocol

    def estimate(self, key: str) -> Estimate | None:
        """A number of its samples or of its latent space by the key of `results.metrics`."""
        return self.quality.metrics.get(key) or self.latent.metrics.get(key)

    def value(self, key: str) -> float | None:
        """The value of `estimate`."""
        estimate = self.estimate(key)
        return None if estimate is None else estimate.value

    def values(self, key: str) -> list[Number]:
        """`value` of each training that has one."""
        values = [each.value(key) for each in self.trainings]
        return [value for value in values if value is not None]

    def mean(self, metric: Metric) -> Estimate | None:
        """The mean over trainings with its interval; of one training `estimate`."""
        values = self.values(metric.key)
        if not self.replicates or not values:
            return self.estimate(metric.key)
        mean = over_trainings(values).mean
        if mean.low is None or mean.high is None:
            return mean
        lowest, highest = metric.limits
        return Estimate(value=mean.value, low=max(lowest, mean.low), high=min(highest, mean.high))

    @cached_property
    def scores(self) -> SetsScores:
        """Its scores of every set of images; {} for a model without scores."""
        return load_scores(self.paths["anomaly"]) if self.detection.detections else {}

    @cached_property
    def main_scores(self) -> dict[tuple[str, str], np.ndarray]:
        """The main score of every set of images, (N,) by kind and name; {} for a model without."""
        score = self.detection.main_score
        return {part: scores[score] for part, scores in self.scores.items()} if score else {}


def replicate(result: TrialResults, seed: int) -> ModelResults:
    """A training of another seed: its numbers, without pictures and scores."""
    trial = result.trial
    return ModelResults(
        model=trial.model,
        training=result.training,
        quality=trial.quality or NOT_MEASURED,
        detection=trial.detection or DetectionResults(detections=[]),
        latent=trial.latent or LatentResults(metrics={}),
        embedding=trial.embedding,
        paths={},
        seed=seed,
    )


def load_scores(folder: Path) -> SetsScores:
    """The scores in the folder of a stage."""
    sets = anomaly.load_scores(folder / anomaly.SCORES)
    return {(images.kind, images.name): images.scores for images in sets}
