"""Bootstrap intervals hold the truth as often as they claim."""

import numpy as np
import pytest
import torch

from genbench import bootstrap
from genbench.evaluation.fid import fid_from_features
from genbench.utils.record import Estimate


def cloud(n, d, seed, shift=0.0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d)) + shift).float()


def n_hits(truth, estimate, n_trials=100):
    """In how many trials the interval of `estimate(seed)` holds the truth."""
    estimates = [estimate(seed) for seed in range(n_trials)]
    return sum(e.low <= truth <= e.high for e in estimates)


def test_intervals_of_a_mean_hold_the_truth_in_at_least_90_of_100_cases():
    def mean(seed):
        x = np.random.default_rng(seed).exponential(size=300)
        return bootstrap.mean_with_interval(x, 200, seed)

    assert 90 <= n_hits(1.0, mean) < 100


def test_intervals_of_the_frechet_distance_hold_its_expectation_at_this_n():
    def pair(seed):
        return cloud(200, 3, 2 * seed), cloud(200, 3, 2 * seed + 1, 0.4)

    def distance(seed):
        counts = [bootstrap.resample_counts(200, 100, 9 * seed + i) for i in (0, 1)]
        resampled = [fid_from_features(*pair(seed), *rows) for rows in zip(*counts, strict=True)]
        return bootstrap.estimate(fid_from_features(*pair(seed)), torch.tensor(resampled))

    truth = np.mean([fid_from_features(*pair(1000 + s)) for s in range(400)])
    assert n_hits(truth, distance, n_trials=60) >= 54


def test_resamples_have_as_many_images_as_there_are():
    counts = bootstrap.resample_counts(50, 20, 0)
    assert counts.shape == (20, 50) and set(counts.sum(1).tolist()) == {50.0}
    assert not torch.equal(counts[0], counts[1])


def test_real_and_generated_images_are_resampled_independently():
    real, fake = bootstrap.Resamples.draw(50, 50, 20, seed=0)
    assert real.shape == fake.shape and not torch.equal(real, fake)


def test_a_biased_resample_shifts_no_interval_and_without_resamples_there_is_none():
    resampled = 7 + torch.linspace(-1, 1, 101)
    estimate = bootstrap.estimate(3.0, resampled)
    np.testing.assert_allclose((estimate.low, estimate.high), (2.05, 3.95))
    assert bootstrap.estimate(3.0) == Estimate(value=3.0)


def test_an_interval_is_around_the_mean_of_the_resampled_values_not_their_median():
    resampled = torch.linspace(0, 1, 1001) ** 4
    estimate = bootstrap.estimate(0.2, resampled)
    ends = 0.025**4, 0.975**4
    np.testing.assert_allclose((estimate.low, estimate.high), ends, atol=1e-3)


def test_a_seed_draws_the_resamples_of_either_set_and_of_means():
    draws = [bootstrap.Resamples.draw(30, 30, 5, seed) for seed in (0, 0, 7)]
    assert torch.equal(draws[0].real, draws[1].real) and torch.equal(draws[0].fake, draws[1].fake)
    assert not any(torch.equal(a, b) for a in draws[0] for b in draws[2])
    x = np.random.default_rng(0).normal(size=200)
    means = [bootstrap.mean_with_interval(x, 300, seed) for seed in (0, 0, 7)]
    assert means[0] == means[1] and means[0].low != means[2].low
    width = 2 * 1.96 * x.std() / 200**0.5
    assert means[2].high - means[2].low == pytest.approx(width, rel=0.15)


def test_means_of_several_arrays_are_those_of_each():
    values = {"a": np.arange(30.0), "b": np.arange(30.0) ** 2}
    means = bootstrap.means_with_intervals(values, 50, seed=1)
    assert means == {k: bootstrap.mean_with_interval(v, 50, seed=1) for k, v in values.items()}
