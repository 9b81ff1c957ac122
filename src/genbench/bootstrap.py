"""How sure a number is: bootstrap intervals over images."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .utils.record import Estimate

LEVEL = 0.95


class Resamples(NamedTuple):
    """How often each real image, (B, N), and each generated one, (B, M), is in B resamples."""

    real: Tensor
    fake: Tensor

    @classmethod
    def draw(cls, n_real: int, n_fake: int, n_resamples: int, seed: int) -> "Resamples | None":
        """Resamples of either set, independent of each other; None for 0 resamples."""
        if n_resamples == 0:
            return None
        fake = resample_counts(n_fake, n_resamples, seed)
        return cls(resample_counts(n_real, n_resamples, seed + 1), fake)


def resample_counts(n: int, n_resamples: int, seed: int) -> Tensor:
    """How often each of `n` images is in each resample of n images: (n_resamples, n) float32."""
    random = np.random.default_rng(seed)
    counts = [np.bincount(random.integers(0, n, n), minlength=n) for _ in range(n_resamples)]
    return torch.from_numpy(np.stack(counts).astype(np.float32))


def estimate(value: float, resampled: Tensor | None = None) -> Estimate:
    """The value of a metric with the interval of its values for resamples of the images, (B,).

    The resampled values are shifted so that their mean is `value`: some metrics are biased by
    repeated images, which must not shift the interval. It holds the metric's expectation at this
    number of images in about LEVEL of cases. No interval without resamples.
    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap.
    """
    if resampled is None:
        return Estimate(value=value)
    resampled = resampled.double()
    tails = torch.tensor([(1 - LEVEL) / 2, (1 + LEVEL) / 2], dtype=torch.float64)
    low, high = (value + resampled.quantile(tails) - resampled.mean()).tolist()
    return Estimate(value=value, low=low, high=high)


def mean_with_interval(values: np.ndarray | Tensor, n_resamples: int, seed: int) -> Estimate:
    """The mean of one number per image, (N,)."""
    values = torch.as_tensor(values, dtype=torch.float64)
    counts = resample_counts(len(values), n_resamples, seed)
    return estimate(values.mean().item(), counts.double() @ values / len(values))


def means_with_intervals(
    values: Mapping[str, np.ndarray | Tensor], n_resamples: int, seed: int
) -> dict[str, Estimate]:
    """`mean_with_interval` of several arrays, by name."""
    return {name: mean_with_interval(v, n_resamples, seed) for name, v in values.items()}
