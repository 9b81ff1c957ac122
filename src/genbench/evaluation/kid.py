"""The kernel inception distance (Binkowski et al. 2018, arXiv:1801.01401)."""

import torch
from torch import Tensor

from .torchmetrics_adapter import PrecomputedFeatures, isolated_randomness

CHUNK = 1000
"""Rows of a kernel matrix in memory at a time."""


def kid(
    real: Tensor, fake: Tensor, *, subsets: int, subset_size: int, seed: int
) -> tuple[float, float]:
    """Squared MMD with the kernel (x.y / D + 1)^3 of features (N, D) and (M, D).

    Returns
    -------
    (float, float) : mean and standard deviation over random subsets; unbiased, so slightly
    below 0 at times for equal distributions.

    Source: Binkowski et al. 2018, arXiv:1801.01401, as torchmetrics computes it.
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
    return mean.item(), deviation.item()


def kids_of_subsets(real: Tensor, fake: Tensor, real_rows: Tensor, fake_rows: Tensor) -> Tensor:
    """The same distance of subsets of (N, D) and (M, D), each of all its images: (B,) float64.

    real_rows, fake_rows : (B, n) and (B, m) rows of the images in each subset. Unbiased: an image
    is never compared with itself. In the precision of the features.
    """
    in_real, in_fake = _membership(real, real_rows), _membership(fake, fake_rows)
    real_term = _mean_kernels(real, real, in_real, in_real, exclude_diagonal=True)
    fake_term = _mean_kernels(fake, fake, in_fake, in_fake, exclude_diagonal=True)
    cross_term = _mean_kernels(fake, real, in_fake, in_real, exclude_diagonal=False)
    return real_term + fake_term - 2 * cross_term


def _membership(x: Tensor, rows: Tensor) -> Tensor:
    """Which images of (N, D) are in each subset: (B, N), 1 or 0."""
    return x.new_zeros(len(rows), len(x)).scatter_(1, rows, 1.0)


def _mean_kernels(
    x: Tensor, y: Tensor, in_x: Tensor, in_y: Tensor, *, exclude_diagonal: bool
) -> Tensor:
    """The mean kernel of each subset's pairs: each kernel is computed once for all subsets."""
    total = x.new_zeros(len(in_x), dtype=torch.float64)
    for start in range(0, len(x), CHUNK):
        kernel = (x[start : start + CHUNK] @ y.T / x.shape[1] + 1) ** 3
        if exclude_diagonal:
            kernel.diagonal(start).zero_()
        total += (in_x[:, start : start + CHUNK] * (in_y @ kernel.T)).sum(1)
    n_pairs = in_x.double().sum(1) * in_y.double().sum(1)
    if exclude_diagonal:
        n_pairs -= in_x.double().sum(1)
    return total / n_pairs.clamp_min(1)  # one image has no pair
