"""Numbers over several trainings: what another training would give, which of two models is better.

Intervals over images know nothing of what a training adds (Bouthillier et al. 2021,
arXiv:2103.03098; for seeds of one algorithm Colas et al. 2018, arXiv:1806.08295).
"""

from collections.abc import Hashable, Mapping, Sequence
from math import comb
from typing import NamedTuple, TypeVar

import numpy as np

from ..intervals import OF_DISTANCES, standard_error
from ..utils.record import Estimate, Number

LEVEL = 0.05
"""Chance that of all pairs of equally good models any is told apart."""
MOST_TRAININGS = 1000
DRAWS = 20_000
Pair = TypeVar("Pair", bound=Hashable)


class OverTrainings(NamedTuple):
    """A metric over the trainings of a model.

    mean : with its 95 % interval, None for one training
    deviation : standard deviation over trainings, None for one
    another : the 95 % interval of the value that another training gives; None for one
    """

    n: int
    mean: Estimate
    deviation: float | None
    lowest: float
    highest: float
    another: tuple[float, float] | None


class Comparison(NamedTuple):
    """A metric of two models, each over its trainings.

    difference : of the means, the first less the second, with its 95 % interval
    probability : that a training of the first gives a lower value than one of the second, equal
        ones counting half, with its 95 % interval
    p : two-sided, of the means being equal
    """

    difference: Estimate
    probability: Estimate
    p: float


def over_trainings(values: Sequence[Number]) -> OverTrainings:
    """A metric's values (N,), one per training: Student's t for the mean and for one more."""
    from scipy.special import stdtrit

    n = len(values)
    mean = float(np.mean(values))
    if n == 1:
        return OverTrainings(1, Estimate(value=mean), None, mean, mean, None)
    deviation = float(np.std(values, ddof=1))
    t = float(stdtrit(n - 1, 0.975))
    margin, wider = t * deviation / n**0.5, t * deviation * (1 + 1 / n) ** 0.5
    return OverTrainings(
        n=n,
        mean=Estimate(value=mean, low=mean - margin, high=mean + margin),
        deviation=deviation,
        lowest=float(np.min(values)),
        highest=float(np.max(values)),
        another=(mean - wider, mean + wider),
    )


def compare(a: Sequence[float], b: Sequence[float]) -> Comparison:
    """Two models by a metric's values over their trainings, (N,) and (M,), both at least 2.

    Source: Welch 1947, Biometrika 34:28, as Colas et al. 2019, arXiv:1904.06979, advise.
    """
    from scipy.special import stdtr, stdtrit

    difference = float(np.mean(a) - np.mean(b))
    error, freedom = _welch(a, b)
    margin = float(stdtrit(freedom, 0.975)) * error
    p = float(2 * stdtr(freedom, -abs(difference) / error)) if error else float(difference == 0)
    return Comparison(
        difference=Estimate(value=difference, low=difference - margin, high=difference + margin),
        probability=probability_lower(a, b),
        p=p,
    )


def p_of_value(values: Sequence[float], value: float) -> float:
    """The two-sided p of the mean over trainings (N,), at least 2, being `value`: Student's t."""
    from scipy.special import stdtr

    difference = abs(float(np.mean(values)) - value)
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    return (
        float(2 * stdtr(len(values) - 1, -difference / error)) if error else float(not difference)
    )


def _welch(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Standard error of the difference of the means, and its degrees of freedom."""
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (a, b)]
    total = sum(parts)
    if total == 0:
        return 0.0, float(len(a) + len(b) - 2)
    pairs = zip(parts, (a, b), strict=True)
    return total**0.5, total**2 / sum(part**2 / (len(v) - 1) for part, v in pairs)


def probability_lower(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """Chance that a value of `a` is below one of `b`, with a 95 % interval that never has width 0.

    Source: Newcombe 2006, Statistics in Medicine 25:559, method 5: those chances from which the
    observed one is at most a quantile of standard errors away; here Student's, as with the normal's
    the intervals of five trainings hold in 88 % of cases.
    """
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    n, m = len(a), len(b)
    t = float(stdtrit(n + m - 2, 0.975))
    gaps = np.sign(np.subtract.outer(b, a))
    observed = float((gaps + 1).mean() / 2)

    def excess(chance: float) -> float:
        spread = (1 - chance) / (2 - chance) + chance / (1 + chance)
        variance = chance * (1 - chance) * (1 + ((n + m) / 2 - 1) * spread) / (n * m)
        return abs(observed - chance) - t * variance**0.5

    tiny = 1e-9
    low = 0.0 if observed == 0 else brentq(excess, tiny, min(observed, 1 - tiny))
    high = 1.0 if observed == 1 else brentq(excess, max(observed, tiny), 1 - tiny)
    return Estimate(value=observed, low=float(low), high=float(high))


def holm(ps: Mapping[Pair, float]) -> set[Pair]:
    """The pairs whose p-values tell them apart at LEVEL, corrected for their number.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    apart = set()
    for rank, pair in enumerate(sorted(ps, key=ps.__getitem__)):
        if ps[pair] > LEVEL / (len(ps) - rank):
            break
        apart.add(pair)
    return apart


def least_rank_p(n: int, m: int) -> float:
    """The smallest two-sided p-value that a rank test of n and m trainings can give.

    0.1 for 3 and 3, so that no rank test of three trainings each ever says "different".
    """
    return 2 / comb(n + m, n)


def trainings_needed(
    a: Sequence[float], b: Sequence[float], n_pairs: int = 1, power: float = 0.8
) -> int | None:
    """Trainings of each model that would tell them apart among `n_pairs` pairs with this chance.

    If means and deviations are those seen; None if MOST_TRAININGS are not enough. The level is
    LEVEL / n_pairs, of the first step of `holm`. Source: the power of the two-sided t test by the
    noncentral t distribution (Cohen 1988).
    """
    from scipy.special import nctdtr, stdtrit

    difference = abs(float(np.mean(a) - np.mean(b)))
    variance = float(np.var(a, ddof=1) + np.var(b, ddof=1))
    if variance == 0:
        return 2 if difference else None
    for n in range(2, MOST_TRAININGS + 1):
        freedom = 2 * n - 2
        shift = difference / (variance / n) ** 0.5
        limit = float(stdtrit(freedom, 1 - LEVEL / n_pairs / 2))
        if 1 - nctdtr(freedom, shift, limit) >= power:
            return n
    return None


class Spread(NamedTuple):
    """Standard deviations of a metric: why another study would find another value.

    training : of what another training changes
    sample : of another sample of generated images, of as many
    test : of other test images, of as many; it moves all models together
    """

    training: float
    sample: float
    test: float


def spread(values: Sequence[float], halves: Sequence[Sequence[float]]) -> Spread:
    """Split the variance of a metric over its sources, by the method of moments.

    Parameters
    ----------
    values : (T,) one per training, T at least 2
    halves : (T, H) the metric for the halves of the images of each, see `intervals`; the halves of
        the test images are the same for all, those of the generated images are not

    The error of one training's value holds sample and test images, that of the mean of all test
    images and a T-th of the sample; the variance over trainings holds training and sample.
    Source: the analysis of variance of a two-way layout, Searle, Casella & McCulloch 1992.
    """
    n = len(values)
    of_one = float(np.mean([standard_error(each, OF_DISTANCES) ** 2 for each in halves]))
    of_mean = standard_error(np.mean(halves, axis=0).tolist(), OF_DISTANCES) ** 2
    sample = max(0.0, (of_one - of_mean) * n / (n - 1))
    training = max(0.0, float(np.var(values, ddof=1)) - sample)
    return Spread(training**0.5, sample**0.5, max(0.0, of_one - sample) ** 0.5)


def rank_shares(values: Sequence[Sequence[float]]) -> np.ndarray:
    """How often each model has each place, lowest first, if one training of each is made: (M, M).

    values : of the trainings of each of the M models. All combinations are equally likely; with
    many, DRAWS of them. Equal values share their places.
    """
    random = np.random.default_rng(0)
    columns = [random.choice(each, DRAWS) for each in map(np.asarray, values)]
    drawn = np.stack(columns, axis=1)
    below = (drawn[:, :, None] > drawn[:, None, :]).sum(2)
    equal = (drawn[:, :, None] == drawn[:, None, :]).sum(2)
    places = np.arange(len(values))
    holds = (places >= below[:, :, None]) & (places < (below + equal)[:, :, None])
    return (holds / equal[:, :, None]).mean(0)
