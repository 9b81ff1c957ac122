"""The Frechet distance of two Gaussians, fast enough for hundreds of resamples.

`metrics.frechet_distance` gives the reported value; this gives the same up to rounding.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .torchmetrics_adapter import PrecomputedFeatures

N_SIZES = 10
"""Points of the extrapolation to infinitely many images, with DRAWS subsets each."""
N_SUBSETS = 3


class Moments(NamedTuple):
    """Mean (D,) and unbiased covariance (D, D) of features."""

    mean: Tensor
    covariance: Tensor


def moments(x: Tensor, counts: Tensor | None = None) -> Moments:
    """Of features (N, D), each taken as often as `counts` (N,) says; in float64 at the end.

    Products are taken in the precision of `x`: float32 costs about 1e-6 of the distance.
    """
    mean, rows = _scaled(x, counts)
    return Moments(mean.double(), (rows.T @ rows).double())


def frechet_distance(a: Moments, b: Moments) -> float:
    """|mean difference|^2 + tr(A + B - 2 (A B)^(1/2)), for covariances of full rank.

    The trace of the root is that of L' B L, A = L L', whose eigenvalues are those of A B.
    Source: Dowson & Landau 1982; Heusel et al. 2017, arXiv:1706.08500.
    """
    lower, failed = torch.linalg.cholesky_ex(a.covariance)
    if failed:
        values, vectors = torch.linalg.eigh(a.covariance)
        kept = values > values[-1] * 1e-12
        lower = vectors[:, kept] * values[kept].sqrt()
    cross = torch.linalg.eigvalsh(lower.T @ b.covariance @ lower).clamp_min(0).sqrt().sum()
    both = a.covariance.trace() + b.covariance.trace()
    return ((a.mean - b.mean).square().sum() + both - 2 * cross).item()


def fid_from_features(
    a: Tensor, b: Tensor, a_counts: Tensor | None = None, b_counts: Tensor | None = None
) -> float:
    """Distance of features (N, D) and (M, D), each taken as often as counts (N,), (M,) say.

    With fewer images than features the covariances A'A and B'B are singular; the root's trace is
    then the sum of the singular values of A B'.
    """
    if min(len(a), len(b)) > a.shape[1]:
        return frechet_distance(moments(a, a_counts), moments(b, b_counts))
    (a_mean, a), (b_mean, b) = _scaled(a.double(), a_counts), _scaled(b.double(), b_counts)
    cross = torch.linalg.svdvals(a @ b.T).sum()
    spread = a.square().sum() + b.square().sum()
    return ((a_mean - b_mean).square().sum() + spread - 2 * cross).item()


def fid_infinity(a: Tensor, b: Tensor, seed: int) -> float:
    """The distance of (N, D) and (M, D) extrapolated to infinitely many images of both.

    It is biased by about c / n: a line through the distances of subsets of n images, from half of
    them to all, over 1 / n; its value at 0. Can be below 0. No better than the line: with n not
    far above D it is too low or too high, but less so than the distance itself. Of fewer than 4
    images, the distance itself.
    Source: Chong & Forsyth 2020, arXiv:1911.07023, which extrapolates in the generated images.
    """
    random, n = np.random.default_rng(seed), min(len(a), len(b))
    if n < 4:
        return fid_from_features(a, b)
    sizes = np.linspace(n // 2, n, N_SIZES).astype(int)
    found = []
    for size in sizes:
        subsets = (
            [torch.as_tensor(random.permutation(len(x))[:size]) for x in (a, b)]
            for _ in range(N_SUBSETS)
        )
        found.append(np.mean([fid_from_features(a[i], b[j]) for i, j in subsets]))
    return float(np.polyfit(1 / sizes, found, 1)[1])


def _scaled(x: Tensor, counts: Tensor | None) -> tuple[Tensor, Tensor]:
    """The mean, and rows R of which R'R is the unbiased covariance."""
    counts = x.new_ones(len(x)) if counts is None else counts.to(x.dtype)
    total = counts.sum()
    mean = counts @ x / total
    return mean, (x - mean) * (counts / (total - 1)).sqrt()[:, None]


def fid(real: Tensor, fake: Tensor) -> float:
    """Frechet distance of two Gaussians fitted to features (N, D): the FID of these features.

    Returns
    -------
    float, in squared feature units; 0 for equal sets, up to rounding. Biased upwards by about
    1/N, so it means something only beside N, the extractor and a floor measured at the same N.
    With no more images than features the covariances are singular, and torchmetrics' eigenvalues
    of their product lose the 5th digit: there `frechet.of_sets` gives the value.

    Raises
    ------
    ValueError : for fewer than 2 images.

    Source: Heusel et al. 2017, arXiv:1706.08500, as torchmetrics computes it (float64).
    """
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"expected at least 2 images each, got {len(real)} and {len(fake)}")
    if min(len(real), len(fake)) <= real.shape[1]:
        return fid_from_features(real, fake)
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=PrecomputedFeatures(real.shape[1])).set_dtype(
        torch.float64
    )
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return metric.compute().item()
