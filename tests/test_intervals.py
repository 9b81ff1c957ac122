"""Intervals hold the truth as often as they claim."""

import numpy as np
import pytest
import torch

from genbench import intervals
from genbench.evaluation.prdc import knn_radii, manifold_membership, near_duplicates
from genbench.intervals import N_PAIRS, estimate, random_halves, standard_error
from genbench.utils.frechet import fid_from_features
from genbench.utils.record import Estimate


def cloud(n, d, seed, shift=0.0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d)) + shift).float()


def in_halves(metric, x, y, seed):
    """A metric of two sets, with its values for halves of both."""
    rows = zip(random_halves(len(x), 2 * seed), random_halves(len(y), 2 * seed + 1), strict=True)
    return metric(x, y), [metric(x[i], y[j]) for i, j in rows]


def share_of_hits(metric, pair, n_trials=150, **options):
    """How often the interval holds the mean of all values; how wide it is, in right ones."""
    found = [in_halves(metric, *pair(seed), seed) for seed in range(n_trials)]
    truth, deviation = np.mean([v for v, _ in found]), np.std([v for v, _ in found], ddof=1)
    estimates = [estimate(value, halves, **options) for value, halves in found]
    width = np.mean([e.high - e.low for e in estimates]) / (2 * intervals.T_95 * deviation)
    return np.mean([e.low <= truth <= e.high for e in estimates]), width


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_intervals_of_the_frechet_distance_hold_at_the_floor_and_far_from_it(shift):
    """Where the distance is quadratic in the images, as at 0, the plain jackknife is 1.7 wide."""

    def pair(seed):
        return cloud(200, 3, 2 * seed), cloud(200, 3, 2 * seed + 1, shift)

    hits, width = share_of_hits(fid_from_features, pair)
    assert 0.9 <= hits <= 0.99 and 0.9 < width < 1.35
    _, of_jackknife = share_of_hits(fid_from_features, pair, mean_weight=1)
    assert shift or of_jackknife > 1.5


def test_intervals_of_neighbors_hold_although_no_image_is_repeated():
    def pair(seed):
        return cloud(150, 4, 2 * seed), cloud(150, 4, 2 * seed + 1, 0.3)

    def coverage(real, fake):
        radii = knn_radii(real), knn_radii(fake)
        return manifold_membership(real, fake, *radii).covered.double().mean().item()

    def duplicates(real, fake):
        return near_duplicates(knn_radii(real), knn_radii(fake)).double().mean().item()

    for metric in (coverage, duplicates):
        hits, _ = share_of_hits(metric, pair, mean_weight=intervals.OF_NEIGHBORS)
        assert 0.9 <= hits <= 0.993, metric


def test_the_standard_error_of_a_mean_is_that_of_its_images():
    x = np.random.default_rng(0).exponential(size=301)
    errors = [standard_error([x[r].mean() for r in random_halves(301, s)]) for s in range(40)]
    assert np.mean(errors) == pytest.approx(x.std() / 301**0.5, rel=0.05)


def test_the_standard_error_is_of_differences_and_means_of_a_half_and_its_complement():
    pairs = np.random.default_rng(1).normal(size=(N_PAIRS, 2)) + [3, 0]
    differences, means = (pairs[:, 0] - pairs[:, 1]) / 2, pairs.mean(1)
    for weight in (-0.5, 0.5):
        want = (differences**2).mean() + weight * means.var(ddof=1)
        assert standard_error(pairs.ravel(), weight) == pytest.approx(want**0.5)
    means_alone = np.repeat(np.random.default_rng(2).normal(size=N_PAIRS), 2)
    assert standard_error(means_alone + np.tile([1e-3, -1e-3], N_PAIRS)) == pytest.approx(
        1e-3 / 2**0.5
    )


@pytest.mark.parametrize("n", [10, 11])
def test_halves_are_followed_by_their_complements_and_a_seed_draws_them(n):
    halves = random_halves(n, 0)
    assert halves.shape == (2 * N_PAIRS, 5)
    for one, other in halves.reshape(N_PAIRS, 2, 5):
        assert len({*one, *other}) == 10
    assert len({tuple(sorted(half)) for half in halves.tolist()}) > N_PAIRS
    assert np.array_equal(halves, random_halves(n, 0))
    assert not np.array_equal(halves, random_halves(n, 1))


def test_an_interval_goes_no_further_than_its_limits_and_without_halves_there_is_none():
    halves = np.tile([2.0, 4.0], N_PAIRS).tolist()
    margin = intervals.T_95
    plain = estimate(3.0, halves)
    assert (plain.low, plain.high) == pytest.approx((3 - margin, 3 + margin))
    cut = estimate(3.0, halves, limits=(2.5, 3.25))
    assert (cut.low, cut.high) == (2.5, 3.25)
    assert estimate(3.0) == Estimate(value=3.0)


def test_intervals_of_means_hold_the_truth():
    def hits(truth, draw):
        found = [intervals.mean_with_interval(draw(np.random.default_rng(s))) for s in range(400)]
        return np.mean([e.low <= truth <= e.high for e in found])

    assert 0.92 <= hits(1.0, lambda rng: rng.exponential(size=300)) <= 0.98
    for share in (0.5, 0.9, 0.98):
        assert 0.92 <= hits(share, lambda rng, p=share: rng.random(300) < p) <= 0.985, share


def test_a_share_of_none_or_all_has_an_interval_within_0_and_1():
    none = intervals.mean_with_interval(np.zeros(50, bool))
    assert none.low == pytest.approx(0, abs=1e-12) and 0.05 < none.high < 0.1
    every = intervals.mean_with_interval(np.ones(50, bool))
    assert (every.low, every.high) == pytest.approx((1 - none.high, 1))


def test_means_of_several_arrays_are_those_of_each():
    values = {"a": np.arange(30.0), "b": np.arange(30) % 2 == 0}
    means = intervals.means_with_intervals(values)
    assert means == {k: intervals.mean_with_interval(v) for k, v in values.items()}
    assert means["a"].value == pytest.approx(14.5) and means["b"].value == 0.5
    assert intervals.mean_with_interval(np.array([3.0])) == Estimate(value=3, low=3, high=3)
