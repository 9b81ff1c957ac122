"""How sure a number is: bootstrap intervals over images."""

import numpy as np
import torch
from torch import Tensor

LEVEL = 0.95


def resamples(n: int, count: int, seed: int) -> Tensor:
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
