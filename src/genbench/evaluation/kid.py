"""The kernel inception distance (Binkowski et al. 2018, arXiv:1801.01401) and its interval."""

import torch
from torch import Tensor

from ..bootstrap import Resamples, estimate
from ..utils.record import Estimate
from .torchmetrics_adapter import PrecomputedFeatures, isolated_randomness

CHUNK = 1000
"""Rows of a kernel matrix in memory at a time."""


def kid(
    real: Tensor,
    fake: Tensor,
    resamples: Resamples | None = None,
    *,
    subsets: int,
    subset_size: int,
    seed: int,
) -> tuple[Estimate, Estimate]:
    """Squared MMD with the kernel (x.y / D + 1)^3 of features (N, D) and (M, D).

    Returns
    -------
    (Estimate, Estimate) : mean and standard deviation over random subsets; unbiased, so slightly
    below 0 at times for equal distributions.

    Source: Binkowski et al. 2018, arXiv:1801.01401, as torchmetrics computes it; the interval is
    of the distance of all images.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    with isolated_randomness(seed):
        metric = KernelInceptionDistance(
            feature=PrecomputedFeatures(real.shape[1]),
            subsets=subsets,
            subset_size=min(subset_size, len(real), len(fake)),
        )
        metric.update(real.double(), real=True)
        metric.update(fake.double(), real=False)
        mean, deviation = metric.compute()
    distances = None if resamples is None else bootstrap_kid(real, fake, *resamples)
    return estimate(mean.item(), distances), estimate(deviation.item())


def bootstrap_kid(real: Tensor, fake: Tensor, real_counts: Tensor, fake_counts: Tensor) -> Tensor:
    """KIDs (B,) of all images in (N, D) and (M, D), weighted by counts (B, N) and (B, M).

    Unbiased: an image is never compared with itself, nor with its copies in a resample. In
    the precision of the features.
    """
    real_term = _mean_kernel(real, real, real_counts, real_counts, exclude_diagonal=True)
    fake_term = _mean_kernel(fake, fake, fake_counts, fake_counts, exclude_diagonal=True)
    cross_term = _mean_kernel(fake, real, fake_counts, real_counts, exclude_diagonal=False)
    return real_term + fake_term - 2 * cross_term


def _mean_kernel(
    x: Tensor, y: Tensor, x_counts: Tensor, y_counts: Tensor, *, exclude_diagonal: bool
) -> Tensor:
    total = x.new_zeros(len(x_counts), dtype=torch.float64)
    for start in range(0, len(x), CHUNK):
        kernel = (x[start : start + CHUNK] @ y.T / x.shape[1] + 1) ** 3
        if exclude_diagonal:
            kernel.diagonal(start).zero_()
        total += (x_counts[:, start : start + CHUNK] * (y_counts @ kernel.T)).sum(1)
    n_pairs = x_counts.double().sum(1) * y_counts.double().sum(1)
    if exclude_diagonal:
        n_pairs -= x_counts.double().square().sum(1)
    return total / n_pairs.clamp_min(1)  # a resample of one image has no pair
