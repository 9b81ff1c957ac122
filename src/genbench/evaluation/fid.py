"""The Frechet distance of features: the reported FID, and its limit for large n."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..utils.distances import sqrt
from .torchmetrics_adapter import PrecomputedFeatures

N_SIZES = 10
"""Points of the extrapolation to infinitely many images, with N_SUBSETS subsets each."""
N_SUBSETS = 3


def fid(real: Tensor, fake: Tensor) -> float:
    """Frechet distance of two Gaussians fitted to features (N, D) and (M, D): their FID.

    Returns
    -------
    float, in squared feature units; 0 for equal sets, up to rounding. Biased upwards by about
    1/N, so it means something only beside N, the extractor and a floor measured at the same N.
    With no more images than features the covariances are singular, and torchmetrics' eigenvalues
    of their product lose the 5th digit: there `fid_from_features` gives the value, as it does
    for halves.

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

    metric = FrechetInceptionDistance(feature=PrecomputedFeatures(real.shape[1]))
    metric.set_dtype(torch.float64)
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return metric.compute().item()


def fid_infinity(real: Tensor, fake: Tensor, seed: int) -> float:
    """The FID of (N, D) and (M, D) extrapolated to infinitely many images of both.

    FID is biased by about c / n: a line is fitted to the FIDs of subsets of n images, from half of
    them to all, over 1 / n; this is its value at 0. Can be below 0. No better than the line: with
    n not far above D it is too low or too high, but less so than the FID itself. Of fewer than 4
    images, the FID itself.
    Source: Chong & Forsyth 2020, arXiv:1911.07023, which extrapolates in the generated images.
    """
    n = min(len(real), len(fake))
    if n < 4:
        return fid_from_features(real, fake)
    random = np.random.default_rng(seed)
    sizes = np.linspace(n // 2, n, N_SIZES).astype(int)
    distances = [np.mean(_subset_fids(real, fake, size, random)) for size in sizes]
    return float(np.polyfit(1 / sizes, distances, 1)[1])


def _subset_fids(real: Tensor, fake: Tensor, size: int, random: np.random.Generator) -> list[float]:
    distances = []
    for _ in range(N_SUBSETS):
        i, j = (torch.as_tensor(random.permutation(len(x))[:size]) for x in (real, fake))
        distances.append(fid_from_features(real[i], fake[j]))
    return distances


def fid_from_features(a: Tensor, b: Tensor) -> float:
    """FID of features (N, D) and (M, D).

    Fast enough for many subsets of the images, and equal to torchmetrics' value up to rounding.
    With fewer images than features the covariances A'A and B'B are singular; the root's trace is
    then the sum of the singular values of A B'.
    """
    if min(len(a), len(b)) > a.shape[1]:
        return frechet_distance(moments(a), moments(b))
    a_mean, a_rows = _mean_and_scaled_rows(a.double())
    b_mean, b_rows = _mean_and_scaled_rows(b.double())
    cross = torch.linalg.svdvals(a_rows @ b_rows.T).sum()
    traces = a_rows.square().sum() + b_rows.square().sum()
    return ((a_mean - b_mean).square().sum() + traces - 2 * cross).item()


class Moments(NamedTuple):
    """Mean (D,) and unbiased covariance (D, D) of features."""

    mean: Tensor
    covariance: Tensor


def moments(x: Tensor) -> Moments:
    """Moments of features (N, D), float64 at the end.

    Products are in the precision of `x`: float32 costs about 1e-6 of the distance.
    """
    mean, rows = _mean_and_scaled_rows(x)
    return Moments(mean.double(), (rows.T @ rows).double())


def frechet_distance(a: Moments, b: Moments) -> float:
    """|mean difference|^2 + tr(A + B - 2 (A B)^(1/2)), for covariances of full rank.

    The trace of the root is that of L' B L, A = L L', whose eigenvalues are those of A B.
    Source: Dowson & Landau 1982; Heusel et al. 2017, arXiv:1706.08500.
    """
    lower, failed = torch.linalg.cholesky_ex(a.covariance)
    if failed:
        values, vectors = torch.linalg.eigh(a.covariance)
        positive = values > values[-1] * 1e-12
        lower = vectors[:, positive] * sqrt(values[positive])
    cross = sqrt(torch.linalg.eigvalsh(lower.T @ b.covariance @ lower).clamp_min(0)).sum()
    traces = a.covariance.trace() + b.covariance.trace()
    return ((a.mean - b.mean).square().sum() + traces - 2 * cross).item()


def _mean_and_scaled_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """The mean, and rows R of which R'R is the unbiased covariance."""
    mean = x.mean(0)
    return mean, (x - mean) / (len(x) - 1) ** 0.5
