"""All metrics of generated images against real ones: the list that a new metric joins."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..bootstrap import Resamples
from ..params.schema import Evaluate
from ..utils import files
from ..utils.record import Estimate
from .fid import fid, fid_infinity
from .inception_score import inception_score
from .kid import kid
from .memorization import memorization_ratio
from .prdc import (
    KnnRadii,
    ManifoldMembership,
    coverage,
    density,
    duplicates,
    knn_radii,
    manifold_membership,
    precision,
    recall,
)


class RealFeatures(NamedTuple):
    """Real images in one extractor's features: as many test as training images.

    Attributes
    ----------
    test, train : (n, D) features
    radii : of the test images among each other
    """

    test: Tensor
    train: Tensor
    radii: KnnRadii

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays for an .npz, from which `load` reads them."""
        stored = {
            "test_subset": self.test,
            "train_subset": self.train,
            "knn_radii": torch.stack(self.radii),
        }
        return {name: value.numpy() for name, value in stored.items()}

    @classmethod
    def load(cls, path: Path) -> "RealFeatures":
        """Read what `arrays` returned."""
        names = ("test_subset", "train_subset", "knn_radii")
        test, train, radii = map(torch.from_numpy, files.load_npz(path, *names))
        return cls(test, train, KnnRadii(*radii))


def feature_metrics(
    real: RealFeatures,
    fake: Tensor,
    logits: Tensor,
    params: Evaluate,
    seed: int,
    with_intervals: bool = True,
) -> tuple[dict[str, Estimate], ManifoldMembership]:
    """Every metric of generated images, by key, and where each image lies.

    fake, logits : features (n, D) and logits (n, K) of one extractor, of as many images as `real`
    """
    n_resamples = params.bootstrap if with_intervals else 0
    resamples = Resamples.draw(len(real.test), len(fake), n_resamples, seed)
    radii = knn_radii(fake)
    membership = manifold_membership(real.test, fake, real.radii, radii)
    score, score_std = inception_score(logits, resamples, splits=params.is_splits, seed=seed)
    kid_mean, kid_std = kid(
        real.test,
        fake,
        resamples,
        subsets=params.kid_subsets,
        subset_size=params.kid_subset_size,
        seed=seed,
    )
    metrics = {
        "fid": fid(real.test, fake, resamples),
        "fid_infinity": fid_infinity(real.test, fake, seed),
        "is": score,
        "is_std": score_std,
        "kid": kid_mean,
        "kid_std": kid_std,
        "precision": precision(membership, resamples),
        "recall": recall(membership, resamples),
        "density": density(membership, resamples),
        "coverage": coverage(membership, resamples),
        "duplicates": duplicates(real.radii, radii, resamples),
        "memorization_ratio": memorization_ratio(real.train, real.test, fake, resamples),
    }
    return metrics, membership
