"""The kernel inception distance (Binkowski et al. 2018, arXiv:1801.01401)."""

import torch
from torch import Tensor

from .torchmetrics_adapter import PrecomputedFeatures, isolated_randomness

CHUNK = 1000


def kid(real: Tensor, fake: Tensor, *, subsets: int, size: int, seed: int) -> tuple[float, float]:
    """Squared MMD with the kernel (x.y / D + 1)^3: mean and deviation over random subsets.

    Returns
    -------
    (float, float) : unbiased, so slightly below 0 at times for equal distributions.

    Source: Binkowski et al. 2018, arXiv:1801.01401, as torchmetrics computes it.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    size = min(size, len(real), len(fake))
    with isolated_randomness(seed):
        ready = PrecomputedFeatures(real.shape[1])
        metric = KernelInceptionDistance(feature=ready, subsets=subsets, subset_size=size)
        metric.update(real.double(), real=True)
        metric.update(fake.double(), real=False)
        mean, deviation = metric.compute()
    return mean.item(), deviation.item()


def bootstrap_kid(real: Tensor, fake: Tensor, real_counts: Tensor, fake_counts: Tensor) -> Tensor:
    """KIDs (B,) of all pairs in (N, D) and (M, D), taken as often as (B, N) and (B, M) say.

    Unbiased: an image is never compared with itself, nor with its copies in a resample. In
    the precision of the features, CHUNK rows of a kernel matrix at a time.
    """
    of_real = _mean_kernel(real, real, real_counts, real_counts, itself=False)
    of_fake = _mean_kernel(fake, fake, fake_counts, fake_counts, itself=False)
    return of_real + of_fake - 2 * _mean_kernel(fake, real, fake_counts, real_counts, itself=True)


def _mean_kernel(
    x: Tensor, y: Tensor, x_counts: Tensor, y_counts: Tensor, *, itself: bool
) -> Tensor:
    total = x.new_zeros(len(x_counts), dtype=torch.float64)
    for start in range(0, len(x), CHUNK):
        kernel = (x[start : start + CHUNK] @ y.T / x.shape[1] + 1) ** 3
        if not itself:
            kernel.diagonal(start).zero_()
        total += (x_counts[:, start : start + CHUNK] * (y_counts @ kernel.T)).sum(1)
    pairs = x_counts.double().sum(1) * y_counts.double().sum(1)
    if not itself:
        pairs -= x_counts.double().square().sum(1)
    return total / pairs.clamp_min(1)  # a resample of one image has no pair
