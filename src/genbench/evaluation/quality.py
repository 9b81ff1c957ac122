"""All metrics of generated images against real ones, each with its interval."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import bootstrap
from ..params.schema import Evaluate
from ..utils import files
from ..utils.images import rows_in_pairs
from .fid import fid, fid_from_features, fid_infinity
from .inception_score import bootstrap_inception_score, inception_score
from .kid import bootstrap_kid, kid
from .prdc import (
    KnnRadii,
    ManifoldMembership,
    knn_radii,
    manifold_membership,
    near_duplicates,
    nearest_neighbor,
)


def nearest_grid(x: np.ndarray, distances: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Generated images above the training images nearest to them, each (N, C, H, W).

    Three pairs of rows: the first images, and those with the smallest distances (N,), nearest
    first.
    """
    columns = min(N_COLUMNS, len(x))
    closest = np.argsort(distances, kind="stable")[: 2 * columns]
    shown = np.concatenate([np.arange(columns), np.resize(closest, 2 * columns)])
    return rows_in_pairs(x[shown], neighbours[shown], columns)


N_COLUMNS = 22
"""Images in a row of a figure."""
MIN_CLASS_SHARE = 0.1
"""A class is there if it gets at least this part of its share (N / K) of the images."""


class RealFeatures(NamedTuple):
    """Real images as one extractor sees them: as many test as training images.

    Attributes
    ----------
    test, train : (n, D) features
    near : the test images' distances to each other
    """

    test: Tensor
    train: Tensor
    near: KnnRadii

    def arrays(self) -> dict[str, np.ndarray]:
        """To be kept in an .npz, from which `load` reads them."""
        stored = {"real": self.test, "held": self.train, "near": torch.stack(self.near)}
        return {name: value.numpy() for name, value in stored.items()}

    @classmethod
    def load(cls, path: Path) -> "RealFeatures":
        """Read what `arrays` gave."""
        test, train, near = map(torch.from_numpy, files.load_npz(path, "real", "held", "near"))
        return cls(test, train, KnnRadii(*near))


class QualityMetrics(NamedTuple):
    """Numbers by metric, [low, high] of those that have an interval, and where images lie."""

    numbers: dict[str, float]
    intervals: dict[str, list[float]]
    membership: ManifoldMembership

    def add_mean(self, name: str, values: np.ndarray | Tensor, draws: int, seed: int) -> None:
        """Add the mean of one number per image (N,)."""
        self.numbers[name], self.intervals[name] = bootstrap.mean_with_interval(values, draws, seed)


def evaluate_samples(
    real: RealFeatures,
    fake: Tensor,
    logits: Tensor,
    extractor: str,
    choices: Evaluate,
    seed: int,
    *,
    sure: bool = True,
) -> QualityMetrics:
    """Every metric of generated images in one extractor's features.

    Parameters
    ----------
    fake, logits : (n, D) and (n, K) of the generated images, as many as real ones
    extractor : its name, which every metric carries
    choices : the block `evaluate` of params.yaml
    sure : also find the intervals, each from `choices.bootstrap` resamples

    Returns
    -------
    fid, fid_infinity, is, is_std, kid, kid_std : see `metrics`, `frechet`
    precision, recall, density, coverage : see `neighbours.lies`; shares, but density
    nearest_ratio : mean distance from a generated image to the nearest of the training images,
        over that to the nearest of as many test images. 1 if it is no nearer to what was
        trained on; far below if training images are repeated (cf. Meehan et al. 2020,
        arXiv:2004.05675)
    duplicates : share of generated images with a near-duplicate among them (`neighbours.twins`);
        0.01 of the real ones have one
    """
    near, distances = (
        knn_radii(fake),
        [nearest_neighbor(fake, of)[0] for of in (real.train, real.test)],
    )
    where = manifold_membership(real.test, fake, real.near, near)
    of_fake = {"precision": where.precise, "density": where.density}
    of_fake |= {"duplicates": near_duplicates(real.near, near)}
    of_real = {"recall": where.recalled, "coverage": where.covered}
    score, score_std = inception_score(logits, splits=choices.is_splits, seed=seed)
    subsets = {"subsets": choices.kid_subsets, "size": choices.kid_subset_size}
    kid_mean, kid_std = kid(real.test, fake, **subsets, seed=seed)
    whole = torch.ones(1, len(fake))
    numbers = {
        "fid": fid(real.test, fake),
        "fid_infinity": fid_infinity(real.test, fake, seed),
        "is": score,
        "is_std": score_std,
        "kid": kid_mean,
        "kid_std": kid_std,
        **{k: v.double().mean().item() for k, v in {**of_fake, **of_real}.items()},
        "nearest_ratio": _memorization_ratio(distances, whole).item(),
    }
    drawn = {}
    if sure:
        taken = bootstrap.resample_counts(len(fake), choices.bootstrap, seed)
        of_test = bootstrap.resample_counts(len(real.test), choices.bootstrap, seed + 1)
        pairs = zip(of_test, taken, strict=True)
        drawn = {
            "fid": torch.tensor([fid_from_features(real.test, fake, *pair) for pair in pairs]),
            "is": bootstrap_inception_score(logits, taken),
            "kid": bootstrap_kid(real.test, fake, of_test, taken),
            "nearest_ratio": _memorization_ratio(distances, taken),
            **{k: taken @ v.float() / len(v) for k, v in of_fake.items()},
            **{k: of_test @ v.float() / len(v) for k, v in of_real.items()},
        }
    found = {k: bootstrap.interval(numbers[k], v) for k, v in drawn.items()}
    numbers, found = (
        {with_extractor_suffix(k, extractor): v for k, v in d.items()} for d in (numbers, found)
    )
    return QualityMetrics(numbers, found, where)


def _memorization_ratio(distances: list[Tensor], counts: Tensor) -> Tensor:
    """Mean distance to training over that to test images, (B,), images taken (B, n) times."""
    to_train, to_test = (counts @ d for d in distances)
    return to_train / to_test.clamp_min(1e-12)


def with_extractor_suffix(metric: str, extractor: str) -> str:
    """A metric's name with its extractor: fid_classifier, is_classifier_std."""
    base = metric.removesuffix("_std")
    return f"{base}_{extractor}{metric[len(base) :]}"


def sample_sets(samples: list[dict[str, float]]) -> dict[str, list[float]]:
    """The numbers of several samples of one model, by metric; {} for one sample."""
    return {k: [s[k] for s in samples] for k in samples[-1]} if len(samples) > 1 else {}


def class_coverage(logits: Tensor, precise: Tensor, classes: list[str]) -> tuple[dict, dict]:
    """Which classes the images are of, as the dataset's classifier sees them.

    Parameters
    ----------
    logits : (N, K) of the classifier
    precise : (N,) whether each image is among the real ones

    Returns
    -------
    numbers : classes_covered, how many get at least a tenth of their share; class_entropy in
        nats, log K where all are equally frequent
    table : by class its share of the images and their precision, None without images
    """
    guess = logits.argmax(1)
    counts = guess.bincount(minlength=len(classes))
    share = counts / len(guess)
    hits = guess.bincount(precise.double(), minlength=len(classes)) / counts
    numbers = {
        "classes_covered": int((counts >= MIN_CLASS_SHARE * len(guess) / len(classes)).sum()),
        "class_entropy": -torch.special.xlogy(share, share).sum().item(),
    }
    table = {
        name: {"share": s, "precision": None if math.isnan(h) else h}
        for name, s, h in zip(classes, share.tolist(), hits.tolist(), strict=True)
    }
    return numbers, table
