"""How sure a number is: bootstrap intervals over images."""

import numpy as np
import torch
from torch import Tensor

from .utils.record import Estimate

LEVEL = 0.95


def resample_counts(n: int, count: int, seed: int) -> Tensor:
    """How often each of `n` images is taken in each of `count` resamples: (count, n) float32."""
    random = np.random.default_rng(seed)
    drawn = (np.bincount(random.integers(0, n, n), minlength=n) for _ in range(count))
    return torch.from_numpy(np.stack(list(drawn)).astype(np.float32))


def interval(value: float, drawn: Tensor) -> list[float]:
    """Where the number would lie for other images of the same kind, as many: [low, high].

    `drawn` (B,) are its values for resamples. They are moved so that their mean is `value`: some
    metrics are biased by repeated images, which must not shift the interval. Holds the metric's
    expectation at this n in about LEVEL of cases.
    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap.
    """
    drawn = drawn.double()
    tails = torch.tensor([(1 - LEVEL) / 2, (1 + LEVEL) / 2], dtype=torch.float64)
    return (value + drawn.quantile(tails) - drawn.mean()).tolist()


def means_with_intervals(
    values: dict[str, np.ndarray | Tensor], draws: int, seed: int
) -> dict[str, Estimate]:
    """The `mean_with_interval` of each array, by name."""
    return {
        name: Estimate.of(*mean_with_interval(array, draws, seed)) for name, array in values.items()
    }


def mean_with_interval(
    values: np.ndarray | Tensor, draws: int, seed: int
) -> tuple[float, list[float]]:
    """The mean of one number per image (N,), and its `interval` from so many resamples."""
    values = torch.as_tensor(values, dtype=torch.float64)
    drawn = resample_counts(len(values), draws, seed).double() @ values / len(values)
    return (mean := values.mean().item()), interval(mean, drawn)
