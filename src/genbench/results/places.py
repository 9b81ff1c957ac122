"""Which models can be told apart: places in a ranking, from paired differences."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..evaluation.results import Quality
from ..intervals import N_PAIRS, standard_error
from .model import ModelResults
from .trainings import compare, holm


class Place(NamedTuple):
    """The first and the last place that a model may have in a ranking, from 1."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}\N{EN DASH}{self.last}"


def p_of_difference(a: Quality, b: Quality, key: str = "fid") -> float:
    """The two-sided p-value of the difference of a metric of two models; 1 where it has no halves.

    Both are measured against the same halves of the real images, so what these add to both cancels.
    Student's t with the degrees of freedom of the standard error.
    """
    from scipy.special import stdtr

    if key not in a.halves or key not in b.halves:
        return 1.0
    error = standard_error(np.subtract(a.halves[key], b.halves[key]).tolist())
    difference = a.metrics[key].value - b.metrics[key].value
    if key == "kid":  # unbiased at any number of images, and its value is of random subsets
        difference = float(np.mean(a.halves[key]) - np.mean(b.halves[key]))
    if error == 0:
        return float(difference == 0)
    return float(2 * stdtr(N_PAIRS, -abs(difference) / error))


def told_apart(results: Sequence[ModelResults]) -> set[tuple[int, int]]:
    """The pairs (i, j), i < j, whose FIDs differ at LEVEL, corrected for the number of pairs.

    Two models with two or more trainings each are compared by these (`trainings.compare`), any
    others by the images of their first ones.
    """

    def p(i: int, j: int) -> float:
        a, b = results[i], results[j]
        if a.replicates and b.replicates:
            return compare(a.values("fid"), b.values("fid")).p
        return p_of_difference(a.quality, b.quality)

    return holm({pair: p(*pair) for pair in combinations(range(len(results)), 2)})


def places(results: Sequence[ModelResults]) -> list[Place]:
    """The places of models by FID, each with as many above as are better for sure.

    All of them hold together in 95 % of cases.
    Source: Mogstad, Romano, Shaikh & Wilhelm 2024, Inference for Ranks, Rev. Econ. Studies 91.
    """
    n = len(results)
    means = [float(np.mean(result.values("fid"))) for result in results]
    better = [0] * n
    worse = [0] * n
    for pair in told_apart(results):
        low, high = sorted(pair, key=means.__getitem__)
        better[high] += 1
        worse[low] += 1
    return [Place(1 + above, n - below) for above, below in zip(better, worse, strict=True)]
