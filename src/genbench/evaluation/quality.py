"""All metrics of generated images against real ones: the list that a new metric joins."""

from collections.abc import Mapping
from math import inf, isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..intervals import OF_DISTANCES, OF_NEIGHBORS, estimate, random_halves
from ..params.schema import Evaluate
from ..utils import files
from ..utils.frechet import fid_from_features
from ..utils.record import Estimate
from .fid import fid, fid_infinity
from .inception_score import inception_score, inception_score_of_all_images
from .kid import kid, kids_of_subsets
from .own import Metric
from .prdc import (
    KnnRadii,
    ManifoldMembership,
    distinct_knn_radii,
    knn_radii,
    manifold_membership,
    neighbor_metrics,
)

INTERVALS = {
    "fid": (OF_DISTANCES, (0.0, inf)),
    "is": (OF_DISTANCES, (1.0, inf)),
    "kid": (OF_DISTANCES, (-inf, inf)),
    "precision": (OF_NEIGHBORS, (0.0, 1.0)),
    "recall": (OF_NEIGHBORS, (0.0, 1.0)),
    "density": (OF_NEIGHBORS, (0.0, inf)),
    "coverage": (OF_NEIGHBORS, (0.0, 1.0)),
    "duplicates": (OF_NEIGHBORS, (0.0, 1.0)),
}
"""How the metrics that have an interval get it, see `estimate`: the weight, and the limits."""


NONE: Mapping[str, Metric] = {}
MIN_IMAGES = 4
"""With fewer there is no interval: of a half there is no covariance."""


class RealFeatures(NamedTuple):
    """Real test images in one extractor's features, and halves of them that all models share.

    Attributes
    ----------
    test : (n, D) features
    radii : of the images among each other, NaN for copies of an earlier one
    halves : (H, n // 2) rows of the images in each half
    half_radii : (H, 3, n // 2) the same of the images of each half
    """

    test: Tensor
    radii: KnnRadii
    halves: Tensor
    half_radii: Tensor

    @classmethod
    def measure(cls, test: Tensor, seed: int) -> "RealFeatures":
        """From features (n, D)."""
        halves = torch.from_numpy(random_halves(len(test), seed))
        half_radii = torch.stack([torch.stack(distinct_knn_radii(test[rows])) for rows in halves])
        return cls(test, distinct_knn_radii(test), halves, half_radii)

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays for an .npz, from which `load` reads them."""
        stored = {
            "test_subset": self.test,
            "knn_radii": torch.stack(self.radii),
            "halves": self.halves,
            "half_radii": self.half_radii,
        }
        return {name: value.numpy() for name, value in stored.items()}

    @classmethod
    def load(cls, path: Path) -> "RealFeatures":
        """Read what `arrays` returned."""
        names = ("test_subset", "knn_radii", "halves", "half_radii")
        test, radii, halves, half_radii = map(torch.from_numpy, files.load_npz(path, *names))
        return cls(test, KnnRadii(*radii), halves, half_radii)


class FeatureMetrics(NamedTuple):
    """Metrics in one extractor's features, by the keys of `results.metrics`.

    halves : the values of metrics with an interval for each half of the images
    membership : where each image lies
    """

    metrics: dict[str, Estimate]
    halves: dict[str, list[float]]
    membership: ManifoldMembership


def feature_metrics(
    real: RealFeatures,
    fake: Tensor,
    logits: Tensor,
    params: Evaluate,
    seed: int,
    with_intervals: bool = True,
    own: Mapping[str, Metric] = NONE,
) -> FeatureMetrics:
    """Every metric of generated images, features (M, D) and logits (M, K) of one extractor.

    There is no inception score of one class.

    own : metrics of the user's, by their keys: they have no intervals
    """
    radii = knn_radii(fake)
    membership = manifold_membership(real.test, fake, real.radii, radii)
    values = neighbor_metrics(membership, real.radii, radii)
    values["fid"] = fid(real.test, fake)
    values["fid_infinity"] = fid_infinity(real.test, fake, seed)
    if logits.shape[1] > 1:
        score = inception_score(logits, splits=params.is_splits, seed=seed)
        values["is"], values["is_std"] = score
    values["kid"], values["kid_std"] = kid(
        real.test,
        fake,
        subsets=params.kid_subsets,
        subset_size=params.kid_subset_size,
        seed=seed,
    )
    for key, metric in own.items():
        if isfinite(value := metric(real.test.numpy(), fake.numpy())):
            values[key] = value
    has_halves = with_intervals and min(len(real.test), len(fake)) >= MIN_IMAGES
    halves = _metrics_of_halves(real, fake, logits, seed) if has_halves else {}
    metrics = {key: Estimate(value=value) for key, value in values.items()}
    noise = {"kid": values["kid_std"] / params.kid_subsets**0.5}  # of the subsets drawn
    metrics |= {
        key: estimate(values[key], halves[key], *INTERVALS[key], noise=noise.get(key, 0.0))
        for key in halves
    }
    return FeatureMetrics(metrics, halves, membership)


def _metrics_of_halves(
    real: RealFeatures, fake: Tensor, logits: Tensor, seed: int
) -> dict[str, list[float]]:
    """The metrics of each half of the real images against a half of the generated ones."""
    fake_halves = torch.from_numpy(random_halves(len(fake), seed))
    kids = kids_of_subsets(real.test, fake, real.halves, fake_halves)
    values: dict[str, list[float]] = {"kid": kids.tolist()}
    for rows, radii, fake_rows in zip(real.halves, real.half_radii, fake_halves, strict=True):
        half = _metrics_of_half(
            real.test[rows], KnnRadii(*radii), fake[fake_rows], logits[fake_rows]
        )
        for key, value in half.items():
            values.setdefault(key, []).append(value)
    return values


def _metrics_of_half(
    real: Tensor, real_radii: KnnRadii, fake: Tensor, logits: Tensor
) -> dict[str, float]:
    radii = knn_radii(fake)
    membership = manifold_membership(real, fake, real_radii, radii)
    values = {
        "fid": fid_from_features(real, fake),
        **neighbor_metrics(membership, real_radii, radii),
    }
    if logits.shape[1] > 1:
        values["is"] = inception_score_of_all_images(logits)
    return values
