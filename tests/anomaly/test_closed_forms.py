"""Scores of linear models and of baselines, computed once more by numpy and scikit-learn."""

import io
import math

import fabricated
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.covariance import EmpiricalCovariance
from sklearn.neighbors import NearestNeighbors

from genbench.anomaly import baselines, iterative, scores

LABEL_SHIFT = np.array([0.0, 4.0, -7.0])


def pictures(n, seed, channels=1):
    """Random images, each of its own brightness and contrast, and labels."""
    rng = np.random.default_rng(seed)
    gray = rng.integers(0, 200, (n, 1, 1, 1)) ** 2 // 200
    spread = rng.integers(1, 56, (n, 1, 1, 1))
    return (gray + rng.integers(0, spread, (n, channels, 8, 8))).astype(np.uint8), rng.integers(
        0, 3, n
    )


def png_bytes(x):
    """The size of one image as PNG."""
    file = io.BytesIO()
    Image.fromarray(x.transpose(1, 2, 0).squeeze()).save(file, format="png")
    return len(file.getvalue())


class Linear(torch.nn.Module):
    """Features, bound and images are linear in pixels, labels and latents."""

    latent_dim, device, conditional, has_posterior = 3, torch.device("cpu"), False, False

    def __init__(self, has_bound=True):
        super().__init__()
        rng = np.random.default_rng(5)
        self.w = torch.as_tensor(rng.normal(size=(64, 3)), dtype=torch.float32)
        self.b = torch.as_tensor(0.3 * rng.normal(size=64), dtype=torch.float32)
        self.shift = torch.as_tensor(LABEL_SHIFT, dtype=torch.float32)
        self.has_bound = has_bound

    def features(self, x, y):
        return x.flatten(1) @ self.w + self.shift[y][:, None]

    def scores(self, x, y):
        own = {"own": x.mean((1, 2, 3))}
        bound = {"negative_elbo": 50 + 30 * x.mean((1, 2, 3)).exp() + self.shift[y]}
        return own | bound if self.has_bound else own

    def decode(self, z, y):
        z = z + 0.2 * self.shift[y][:, None]
        return (z @ self.w.T + self.b).reshape(-1, 1, 8, 8)


def features_of(x):
    return (x.reshape(len(x), -1) / 127.5 - 1) @ Linear().w.double().numpy()


def bound_of(x):
    return 50 + 30 * np.exp((x / 127.5 - 1).mean((1, 2, 3)))


@pytest.mark.parametrize("most", [5000, 20])
def test_scores_of_a_linear_model_are_those_of_numpy_and_scikit_learn(monkeypatch, most):
    monkeypatch.setattr(scores, "MAX_REFERENCE_IMAGES", most)
    monkeypatch.setattr(scores, "BATCH_SIZE", 16)
    train, labels = pictures(58, seed=1)
    x, _ = pictures(30, seed=2)
    found = scores.Scorer(Linear(), train, labels)(x)
    some = np.arange(0, 58, 3) if most == 20 else np.arange(58)
    known, mean_bound = features_of(train)[some], bound_of(train)[some].mean()
    near, _ = NearestNeighbors(n_neighbors=5).fit(known).kneighbors(features_of(x))
    precision = np.linalg.inv(np.cov(known.T))
    deviations = features_of(x) - known.mean(0)
    far = EmpiricalCovariance().fit(known).mahalanobis(features_of(x))
    want = {
        "own": (x / 127.5 - 1).mean((1, 2, 3)),
        "negative_elbo": bound_of(x),
        "typicality": np.abs(bound_of(x) - mean_bound),
        "complexity": bound_of(x) / math.log(2) - 8 * np.array([png_bytes(image) for image in x]),
        "nearest_neighbor": near.mean(1),
        "mahalanobis": np.sqrt(far * (len(some) - 1) / len(some)),
    }
    np.testing.assert_allclose(
        want["mahalanobis"] ** 2, ((deviations @ precision) * deviations).sum(1)
    )
    assert list(found) == list(want)
    for name, values in want.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-3, atol=2e-3, err_msg=name)


def test_a_model_without_a_bound_has_distances_beside_its_own_scores():
    found = scores.Scorer(Linear(has_bound=False), *pictures(20, 1))(pictures(5, 2)[0])
    assert list(found) == ["own", "nearest_neighbor", "mahalanobis"]


@pytest.mark.parametrize("most", [5000, 20])
@pytest.mark.parametrize("channels", [1, 3])
def test_baselines_are_those_of_numpy(monkeypatch, most, channels):
    monkeypatch.setattr(baselines, "MAX_REFERENCE_IMAGES", most)
    train, _ = pictures(58, 1, channels)
    train = train[np.argsort(train.mean((1, 2, 3)))]
    x, _ = pictures(30, 2, channels)
    logits = np.random.default_rng(3).normal(size=(30, 4)) * 3
    found = baselines.make_baseline_scorer(train, lambda images: torch.as_tensor(logits))(x)
    some = train[::3] if most == 20 else train
    sizes = np.array([png_bytes(image) for image in x])
    e = np.exp(logits)
    want = {
        "mean_pixel": np.abs(x.mean((1, 2, 3)) - some.mean()),
        "png_size": np.abs(sizes - np.mean([png_bytes(image) for image in some])),
        "max_softmax": -(e / e.sum(1, keepdims=True)).max(1),
        "energy": -np.log(e.sum(1)),
    }
    assert list(found) == list(want)
    for name, values in want.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)


def trajectory(objective, start, steps):
    """The smallest of the values (N,) before each of Adam's steps and after the last one."""
    leaf = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([leaf], lr=iterative.LEARNING_RATE)
    values = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = objective(leaf)
        values.append(value.detach())
        value.sum().backward()
        optimizer.step()
    values.append(objective(leaf).detach())
    return torch.stack(values)


def choices(name, steps, draws=3):
    changes = {"scores": [name], "steps": steps, "draws": draws}
    return fabricated.params().anomaly.iterative.model_copy(update=changes)


def score(model, x, name, steps, draws=3):
    shares = torch.tensor([0.2, 0.3, 0.5]).log()
    found = iterative.iterative_scores(model, x, shares, choices(name, steps, draws))
    assert list(found) == [name]
    return found[name]


def test_latent_inversion_of_a_linear_generator_is_the_best_error_on_adams_way_from_the_mean():
    model = Linear()
    y = np.zeros(4, int)
    z = torch.tensor([[0.01, -0.01, 0.01], [0.3, -0.2, 0.1], [0.1, 0.2, 0.0], [0.2, 0.0, 0.0]])
    x = model.decode(z, torch.as_tensor(y)).add(1).mul(127.5).round().clamp(0, 255).byte().numpy()
    pixels = torch.as_tensor(x).float() / 127.5 - 1

    def error(z):
        return (model.decode(z, torch.as_tensor(y)) - pixels).square().sum((1, 2, 3))

    for steps in (1, 4):
        values = trajectory(error, torch.zeros(4, 3), steps)
        got = score(model, x, "latent_inversion", steps)
        np.testing.assert_allclose(got, values.min(0).values, rtol=1e-4)
        assert values[-1, 0] > values[0, 0] and values[-1, 1] < values[-2, 1]  # both ways to end
    w = model.w.double().numpy()
    residual = (pixels.flatten(1) - model.b).double().numpy().T
    least = residual - w @ np.linalg.lstsq(w, residual, rcond=None)[0]
    far = score(model, x, "latent_inversion", 400)
    np.testing.assert_allclose(far, (least**2).sum(0), rtol=0.02, atol=1e-3)


class LinearVAE(Linear):
    """The same as a decoder of a VAE whose encoder says mean and log-variance."""

    has_posterior = True

    def importance_weighted(self, x, y, draws):
        return 1000 * draws + x.mean((1, 2, 3)) + y


def test_the_importance_weighted_score_is_the_bound_with_as_many_samples_as_draws():
    x, _ = pictures(6, 3)
    want = 7000 + (x / 127.5 - 1).mean((1, 2, 3))
    got = score(LinearVAE(), x, "importance_weighted", steps=2, draws=7)
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_a_conditional_model_sums_its_bounds_over_classes_and_inverts_by_the_best_one():
    x, _ = pictures(6, 3)
    model = LinearVAE()
    model.conditional = True
    shares, bounds = np.array([0.2, 0.3, 0.5]), np.arange(3)
    gain = -np.log((shares * np.exp(-bounds)).sum())
    want = 3000 + (x / 127.5 - 1).mean((1, 2, 3)) + gain
    np.testing.assert_allclose(score(model, x, "importance_weighted", 2), want, rtol=1e-6)
    errors = [score(model, x, "latent_inversion", 3)]
    model.conditional = False
    for k in range(3):
        model.shift = torch.full((3,), float(LABEL_SHIFT[k]))
        errors.append(score(model, x, "latent_inversion", 3))
    np.testing.assert_allclose(errors[0], np.min(errors[1:], axis=0), rtol=1e-5)
