"""Numbers over trainings, against scipy, closed forms and simulated trainings."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from genbench.intervals import random_halves
from genbench.results.trainings import (
    LEVEL,
    compare,
    holm,
    least_rank_p,
    over_trainings,
    p_of_value,
    probability_lower,
    rank_shares,
    spread,
    trainings_needed,
)

A, B = [4.1, 5.0, 6.2, 4.4, 5.3], [7.0, 6.1, 9.4]


def test_one_training_has_a_value_and_nothing_else():
    one = over_trainings([3.5])
    assert (one.n, one.mean.value, one.mean.low, one.deviation, one.another) == (
        1,
        3.5,
        None,
        None,
        None,
    )


def test_the_interval_of_a_mean_is_students():
    many = over_trainings(A)
    interval = stats.t.interval(0.95, len(A) - 1, np.mean(A), stats.sem(A))
    assert (many.mean.low, many.mean.high) == pytest.approx(interval)
    assert many.deviation == pytest.approx(np.std(A, ddof=1))
    assert (many.lowest, many.highest) == (4.1, 6.2)


@pytest.mark.parametrize("n", [3, 5])
def test_another_training_lies_in_its_interval_as_often_as_it_says(n):
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(4000):
        *values, another = random.normal(10, 3, n + 1)
        low, high = over_trainings(values).another
        inside += low <= another <= high
    assert inside / 4000 == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors


def test_a_difference_is_that_of_welch():
    ours, scipys = compare(A, B), stats.ttest_ind(A, B, equal_var=False)
    assert ours.p == pytest.approx(scipys.pvalue)
    assert (ours.difference.low, ours.difference.high) == pytest.approx(
        tuple(scipys.confidence_interval())
    )
    assert compare(B, A).difference.value == -ours.difference.value


@pytest.mark.parametrize("shift, p", [(0, 1), (1, 0)])
def test_trainings_that_do_not_vary_are_equal_or_not(shift, p):
    same = compare([2.0, 2.0], [2.0 + shift] * 3)
    assert same.p == p and same.difference.low == same.difference.high == -shift


def test_the_probability_is_that_of_mann_and_whitney():
    chance = probability_lower(A, B)
    assert chance.value == stats.mannwhitneyu(B, A).statistic / (len(A) * len(B))
    assert probability_lower([1, 2], [1, 2]).value == 0.5
    other = probability_lower(B, A)
    assert (other.low, other.high) == pytest.approx((1 - chance.high, 1 - chance.low))
    assert 0 < chance.low < chance.value < chance.high <= 1


def test_models_that_never_overlap_may_still_do_so_in_another_training():
    few, many = (probability_lower(np.arange(n), n + np.arange(n)) for n in (3, 30))
    assert few.value == many.value == few.high == 1
    assert few.low < many.low < 1


def test_the_interval_of_a_probability_contains_it_in_most_cases():
    random = np.random.default_rng(0)
    truth = stats.norm.cdf(1 / 2**0.5)
    inside = 0
    for _ in range(1000):
        chance = probability_lower(random.normal(0, 1, 5), random.normal(1, 1, 5))
        inside += chance.low <= truth <= chance.high
    assert 0.93 < inside / 1000 <= 1


@pytest.mark.parametrize("n", [3, 4, 5])
def test_the_least_p_of_ranks_is_that_of_complete_separation(n):
    p = stats.mannwhitneyu(range(n), range(n, 2 * n), method="exact").pvalue
    assert least_rank_p(n, n) == pytest.approx(p)


def test_holm_tells_apart_in_order_and_stops():
    ps = {("a", "b"): 0.01, ("a", "c"): 0.026, ("b", "c"): 0.04}
    assert holm(ps) == {("a", "b")}
    assert holm(dict.fromkeys(ps, 0.016)) == set(ps)
    assert holm({}) == set()


def test_equal_models_are_seldom_holm():
    random = np.random.default_rng(1)
    names = "abcd"
    wrong = 0
    for _ in range(1500):
        values = dict(zip(names, random.normal(20, 2, (4, 5)), strict=True))
        pairs = [pair for pair in permutations(names, 2) if pair[0] < pair[1]]
        ps = {(a, b): compare(values[a], values[b]).p for a, b in pairs}
        wrong += bool(holm(ps))
    assert wrong / 1500 <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / 1500) ** 0.5


def test_as_many_trainings_as_said_tell_two_models_apart_with_the_power_asked_for():
    random = np.random.default_rng(2)
    a, b = (stats.zscore([1.0, 2, 3, 4, 5], ddof=1) + shift for shift in (0, 1.5))
    n = trainings_needed(a, b)
    x, y = random.normal(0, 1, (2000, n)), random.normal(1.5, 1, (2000, n))
    power = (stats.ttest_ind(x, y, axis=1).pvalue < LEVEL).mean()
    fewer = (stats.ttest_ind(x[:, 1:], y[:, 1:], axis=1).pvalue < LEVEL).mean()
    assert power > 0.78 and fewer < 0.82


def test_models_that_do_not_differ_need_more_trainings_than_anybody_makes():
    assert trainings_needed([1.0, 2.0], [1.0, 2.0]) is None
    assert trainings_needed([1.0, 1.0], [1.0, 1.0]) is None
    assert trainings_needed([1.0, 1.0], [2.0, 2.0]) == 2


def test_a_mean_is_compared_with_a_number_by_students_t():
    assert p_of_value(A, 4.0) == pytest.approx(stats.ttest_1samp(A, 4.0).pvalue)
    assert p_of_value([2.0, 2.0], 2.0) == 1 and p_of_value([2.0, 2.0], 3.0) == 0


def test_the_spread_is_split_into_its_sources():
    """Values of a mean of images, whose variances are known: of trainings, samples, test images."""
    random = np.random.default_rng(0)
    n_images, n_trainings, sd = 200, 5, {"training": 3.0, "sample": 20.0, "test": 30.0}
    found = []
    for _ in range(300):
        rows = [random_halves(n_images, 2 * k) for k in range(1 + n_trainings)]
        test = random.normal(0, sd["test"], n_images)
        values, halves = [], []
        for own in rows[1:]:
            fake = random.normal(0, sd["sample"], n_images) + random.normal(0, sd["training"])
            values.append(fake.mean() - test.mean())
            halves.append((fake[own].mean(1) - test[rows[0]].mean(1)).tolist())
        found.append(np.square(spread(values, halves)))
    want = [sd["training"] ** 2, sd["sample"] ** 2 / n_images, sd["test"] ** 2 / n_images]
    assert np.mean(found, axis=0) == pytest.approx(want, rel=0.15)


def test_ranks_are_those_of_one_training_each():
    shares = rank_shares([[1.0, 3.0], [2.0], [10.0, 11.0]])
    assert shares == pytest.approx(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]]), abs=0.02)
    assert rank_shares([[1.0], [1.0]]) == pytest.approx(np.full((2, 2), 0.5)), "ties share"


def test_more_pairs_need_more_trainings():
    """The power of Welch's test at a sixth of the level, by simulation: about the 80 % asked for.

    A little less, as one of the two varies twice as much, which costs degrees of freedom.
    """
    needed = {n_pairs: trainings_needed(A, B, n_pairs=n_pairs) for n_pairs in (1, 6)}
    random = np.random.default_rng(0)
    power = {}
    for n_pairs, n in needed.items():
        draws = (random.normal(np.mean(v), np.std(v, ddof=1), (4000, n)) for v in (A, B))
        p = stats.ttest_ind(*draws, axis=1, equal_var=False).pvalue
        power[n_pairs] = (p < LEVEL / 6).mean()
    assert power[6] == pytest.approx(0.8, abs=0.1) and power[1] < 0.6
