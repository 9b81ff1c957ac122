"""Classical generators make what statistics know of the training images, and no more."""

import numpy as np
import pytest

from genbench.evaluation import classical
from genbench.evaluation.classical import classical_samples, fit_mixtures

N = 600


def blobs(n, seed=0):
    """Images of three kinds: a bright row each, with noise."""
    random = np.random.default_rng(seed)
    x = random.normal(60, 12, (n, 1, 6, 6))
    kind = random.integers(0, 3, n)
    x[np.arange(n), 0, 2 * kind] += 130
    return x.round().clip(0, 255).astype(np.uint8), kind


@pytest.fixture(scope="module")
def made():
    train, val = blobs(N)[0], blobs(200, 1)[0]
    return train, dict(classical_samples(train, val, 500, seed=3))


def share_of_one_row(x):
    """How many images have exactly one bright row, as real ones have."""
    return ((x[:, 0].mean(2) > 125).sum(1) == 1).mean()


def test_each_makes_as_many_images_as_asked_of_the_shape_and_kind_of_the_data(made):
    train, samples = made
    assert list(samples) == ["gaussian", "gmm", "kde", "mean"]
    for name, x in samples.items():
        assert x.shape == (500, 1, 6, 6) and x.dtype == np.uint8, name
        np.testing.assert_allclose(x.mean(0), train.mean(0), atol=12, err_msg=name)


def test_a_gaussian_has_the_moments_and_only_the_mixture_the_kinds(made):
    train, samples = made
    flat = {name: x.reshape(500, -1).astype(float) for name, x in samples.items()}
    spread = np.cov(train.reshape(N, -1).T)
    for name in ("gaussian", "gmm"):
        error = np.linalg.norm(np.cov(flat[name].T) - spread) / np.linalg.norm(spread)
        assert error < 0.25, name
    assert share_of_one_row(samples["gmm"]) > 0.95 > 0.8 > share_of_one_row(samples["gaussian"])


def test_the_kernel_density_is_training_images_with_noise_of_20_gray_levels(made):
    train, samples = made
    far = samples["kde"][:, None].astype(float) - train[None]
    nearest = far[np.arange(500), (far**2).sum((2, 3, 4)).argmin(1)]
    assert nearest.std() == pytest.approx(20, rel=0.15)
    assert (samples["mean"] == train.mean(0).round()).all()


def test_the_size_of_the_mixture_is_where_the_validation_likelihood_is_highest():
    x, val = (
        np.concatenate([np.random.default_rng(s + k).normal(9 * k, 1, (80, 2)) for k in range(5)])
        for s in (0, 50)
    )
    mixtures = fit_mixtures(x, val, seed=0)
    assert [m.n_components for m in mixtures] == [1, 5]
    scores = [m.score(val) for m in mixtures]
    assert scores == sorted(scores)
    assert [m.n_components for m in fit_mixtures(x[:3], val, seed=0)] == [1]


def test_a_seed_draws_the_images_in_no_order_of_components():
    train, val = blobs(100)[0], blobs(50, 1)[0]
    one, same, other = (dict(classical_samples(train, val, 60, seed=s)) for s in (1, 1, 2))
    for name in ("gaussian", "gmm", "kde"):
        assert np.array_equal(one[name], same[name]), name
        assert {x.tobytes() for x in one[name]}.isdisjoint(x.tobytes() for x in other[name]), name
    kinds = (one["gmm"][:, 0].mean(2) > 125)[:, ::2].argmax(1)
    assert (np.diff(kinds) != 0).mean() > 0.4


def test_no_more_images_are_fitted_than_a_minute_allows(monkeypatch):
    monkeypatch.setattr(classical, "MAX_IMAGES", 30)
    bright = np.full((500, 1, 6, 6), 200, np.uint8)
    bright[:, 0, 0, 0] = np.arange(500) % 250
    mean = dict(classical_samples(bright, bright[:20], 5, seed=0))["mean"][0, 0]
    rows = np.random.default_rng(0).permutation(500)[:30]
    assert mean[0, 0] == round(bright[rows, 0, 0, 0].mean()) and mean[1, 1] == 200
