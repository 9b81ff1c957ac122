"""How sure a number is: by halves of the images for metrics of sets, closed forms for means."""

from collections.abc import Mapping, Sequence
from math import hypot, inf

import numpy as np
from numpy.typing import ArrayLike

from .utils.record import Estimate

N_PAIRS = 20
T_95 = 2.086
"""0.975 quantile of Student's t with N_PAIRS degrees of freedom."""
Z_95 = 1.959964
"""0.975 quantile of the normal distribution."""
OF_DISTANCES = -0.5
OF_NEIGHBORS = 0.5
"""Weights of the variance of the halves' mean, see `standard_error`."""


def random_halves(n: int, seed: int) -> np.ndarray:
    """Rows of N_PAIRS random halves of `n` images, each followed by its complement: (H, n // 2)."""
    random = np.random.default_rng(seed)
    rows = [random.permutation(n)[: n // 2 * 2].reshape(2, -1) for _ in range(N_PAIRS)]
    return np.concatenate(rows)


def standard_error(halves: Sequence[float], mean_weight: float = OF_DISTANCES) -> float:
    """Standard error of a metric of all images, from its values for `random_halves`, (H,).

    var(D) + mean_weight * var(M), where D is half the difference of a half and its complement and
    M their mean. The variance over halves, var(D) + var(M), is the delete-half jackknife (Shao & Wu
    1989, A General Theory for Jackknife Variance Estimation). It is right for what is linear in the
    images, for which M does not vary, and three times too large for what is quadratic, as FID and
    KID are near 0: there D holds it twice and M once, and a weight of -1 gives its variance. The
    weights in use leave something for the skewness of distances, and for metrics of neighbors,
    which have no such expansion, are between the two: with them the intervals hold in 93 to 98 %
    of cases (`benchmarks/inference.py`).
    """
    pairs = np.reshape(halves, (-1, 2))
    differences, means = (pairs[:, 0] - pairs[:, 1]) / 2, pairs.mean(1)
    linear = np.square(differences).mean()
    return float(max(linear + mean_weight * means.var(ddof=1), linear / 2)) ** 0.5


def estimate(
    value: float,
    halves: Sequence[float] = (),
    mean_weight: float = OF_DISTANCES,
    limits: tuple[float, float] = (-inf, inf),
    noise: float = 0.0,
) -> Estimate:
    """The value of a metric with its 95 % interval, from its values for halves of the images.

    The interval is for the metric's expectation at this number of images, and within the limits;
    `noise` is the standard error of what else is random in the value. None without halves.
    """
    if not halves:
        return Estimate(value=value)
    margin = T_95 * hypot(standard_error(halves, mean_weight), noise)
    lowest, highest = limits
    return Estimate(value=value, low=max(lowest, value - margin), high=min(highest, value + margin))


def mean_with_interval(values: ArrayLike) -> Estimate:
    """The mean of one number per image, (N,), with 1.96 standard errors to either side.

    Of a share, of booleans, the interval is Wilson's (1927), which holds near 0 and 1 too.
    """
    values = np.asarray(values)
    n = len(values)
    mean = float(values.mean(dtype=float))
    if values.dtype != bool:
        margin = Z_95 * float(values.std(ddof=min(1, n - 1), dtype=float)) / n**0.5
        return Estimate(value=mean, low=mean - margin, high=mean + margin)
    pull = Z_95**2 / n
    center = (mean + pull / 2) / (1 + pull)
    margin = (pull * (mean * (1 - mean) + pull / 4)) ** 0.5 / (1 + pull)
    return Estimate(value=mean, low=center - margin, high=center + margin)


def means_with_intervals(values: Mapping[str, ArrayLike]) -> dict[str, Estimate]:
    """`mean_with_interval` of several arrays, by name."""
    return {name: mean_with_interval(each) for name, each in values.items()}
