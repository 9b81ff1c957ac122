import math
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench import params
from genbench.latent import analysis, geometry, information
from genbench.latent.reconstruction import EncodedImages
from genbench.models.base import registry
from genbench.models.base.variational import VAE
from genbench.networks.classifier import Classifier, extract_features
from genbench.utils.seeds import sample_latents

P = params.load(Path(__file__).parents[2] / "params.yaml")
VAES = ("vae", "beta_vae", "cvae", "res_vae", "flow_vae", "hvae")


def build(name, shape=(1, 8, 8), latent_dim=4):
    torch.manual_seed(0)
    return registry.build(name, shape, 3, **P.build_args(name) | {"latent_dim": latent_dim}).eval()


def pictures(n=60, channels=1, size=8):
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (n, channels, size, size), dtype=np.uint8)
    return x, np.arange(n) % 3


class Line:
    """A model whose image is linear in its latents: pixels = W z, in double precision."""

    device, conditional = torch.device("cpu"), False

    def __init__(self, w):
        self.w = torch.as_tensor(w, dtype=torch.float64)
        self.latent_dim = self.w.shape[1]

    def decode(self, z, y):
        return (z.double() @ self.w.T).reshape(-1, 1, 2, 2)


class Pixels(torch.nn.Module):
    """A classifier whose features are the pixels."""

    def forward(self, x):
        return x.flatten(1), None


def test_directions_of_a_linear_model_are_its_singular_vectors():
    w = np.random.default_rng(1).normal(size=(4, 3))
    shares, axes = geometry.directions(Line(w), 50, 1, seed=0)
    _, s, vt = np.linalg.svd(w)
    np.testing.assert_allclose(shares, s**2 / (s**2).sum(), rtol=1e-3)
    np.testing.assert_allclose(np.abs((axes * vt).sum(1)), 1, atol=1e-4)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)


def test_path_length_of_a_linear_model_is_the_speed_on_the_arc():
    """For pixels = c z, the squared speed is c^2 |dz/dt|^2, and |dz/dt| of an arc is known."""
    real = np.random.default_rng(0).normal(size=(500, 4)) * 2
    got = geometry.path_lengths(Line(3 * np.eye(4)), Pixels(), real, 40, 1, seed=5)
    start, end = np.random.default_rng(5).standard_normal((80, 4)).reshape(2, 40, 4)
    at = np.random.default_rng(5).random((40, 1))
    a, b = (np.linalg.norm(v, axis=1, keepdims=True) for v in (start, end))
    angle = np.arccos((start * end).sum(1, keepdims=True) / (a * b))
    slope = angle * (np.cos(at * angle) * end - np.cos((1 - at) * angle) * start) / np.sin(angle)
    want = 9 * (slope**2).sum(1) / (2 * real.var(0, ddof=1).sum())
    np.testing.assert_allclose(got, want, rtol=0.02)


def test_a_model_with_one_image_has_paths_of_length_0():
    got = geometry.path_lengths(Line(np.zeros((4, 2))), Pixels(), np.eye(4), 10, 1, seed=0)
    assert got.tolist() == [0] * 10
    shares, _ = geometry.directions(Line(np.zeros((4, 2))), 10, 1, seed=0)
    assert shares.tolist() == [0, 0]


def test_codes_moved_to_a_class_have_its_mean_and_go_back():
    random = np.random.default_rng(0)
    codes, y = random.normal(size=(90, 5)).astype(np.float32), np.arange(90) % 3
    moved = geometry.class_shift(codes, y, 4)
    assert moved.shape == (90, 4, 5)
    for a in range(3):
        np.testing.assert_allclose(moved[y == a, a], codes[y == a], atol=1e-6)
        for b in range(3):
            np.testing.assert_allclose(moved[y == a, b].mean(0), codes[y == b].mean(0), atol=1e-5)
    np.testing.assert_array_equal(moved[:, 3], codes)  # no image, no mean


def test_targets_are_all_other_classes_equally_often():
    y = np.repeat(np.arange(4), 30)
    to = geometry.target_classes(y, 4)
    assert (to != y).all()
    for label in range(4):
        assert np.bincount(to[y == label], minlength=4).tolist() == [
            10 * (k != label) for k in range(4)
        ]
    assert geometry.target_classes(np.zeros(3, int), 1).tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["vae", "beta_vae", "cvae", "res_vae", "hvae"])
def test_kl_per_latent_sums_to_the_kl(name):
    model, (x, y) = build(name), pictures()
    x, y = torch.as_tensor(x).float() / 127.5 - 1, torch.as_tensor(y)
    seen = model.encoder_output(x, y)
    with torch.no_grad():
        # at noise 0 the lower layers of hvae are given the means above, as kl_per_latent has them
        _, kls = model.sample_posterior(seen, torch.zeros(len(x), model.latent_dim))
        per_latent = model.kl_per_latent(seen)
    assert per_latent.shape == (len(x), model.latent_dim) and (per_latent >= -1e-6).all()
    torch.testing.assert_close(per_latent.sum(1), sum(kls.values()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", VAES)
def test_drawn_codes_decode_to_what_the_posterior_draws(name):
    model, (x, y) = build(name), pictures(n=6)
    x, y = torch.as_tensor(x).float() / 127.5 - 1, torch.as_tensor(y)
    with torch.no_grad():
        seen, noise = model.encoder_output(x, y), torch.randn(6, model.latent_dim)
        h, _ = model.sample_posterior(seen, noise)
        got = model.decoder_input(model.posterior_sample(seen, noise), y)
    torch.testing.assert_close(got, h, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", VAES)
def test_what_is_measured_of_codes_adds_up(name):
    model, (x, y) = build(name), pictures()
    per_image, numbers = information.vae_information(model, x, y, draws=3)
    unit = torch.as_tensor(x).float() / 127.5 - 1
    with torch.no_grad():
        bound = model.negative_elbo(unit, torch.as_tensor(y)).double().numpy()
    np.testing.assert_allclose(per_image["rate"] + per_image["distortion"], bound, rtol=1e-5)
    assert per_image["importance_weighted"].shape == (60,)
    assert ("kl_per_latent" in numbers) == (name != "flow_vae")
    assert ("mutual_information" in numbers) == (name != "hvae")
    if "mutual_information" in numbers:
        total = numbers["mutual_information"] + numbers["marginal_kl"]
        assert total == pytest.approx(per_image["rate"].mean())
        assert -0.1 < numbers["mutual_information"] <= math.log(60)


def test_no_draws_no_importance_weighted_bound():
    per_image, _ = information.vae_information(build("vae"), *pictures(), draws=0)
    assert "importance_weighted" not in per_image


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_mutual_information_is_0_without_and_log_n_with_codes_far_apart():
    mean, noise = normal(400, 3), normal(400, 3, seed=1)
    same = information.index_code_mutual_information(*torch.zeros(2, 400, 3).double(), noise)
    assert same == pytest.approx(0, abs=1e-9)
    apart = information.index_code_mutual_information(
        1000 * mean, torch.zeros(400, 3).double(), noise
    )
    assert apart == pytest.approx(math.log(400), abs=1e-6)


def test_mutual_information_of_gaussian_codes_is_the_closed_form():
    """mean ~ N(0, s^2), deviation 1: a Gaussian channel of 0.5 log(1 + s^2) nats per latent."""
    n, s = 4000, 1.5
    got = information.index_code_mutual_information(
        s * normal(n, 2), torch.zeros(n, 2).double(), normal(n, 2, seed=1)
    )
    assert got == pytest.approx(2 * 0.5 * math.log(1 + s**2), abs=0.05)


def test_mmd_is_unbiased_and_sees_a_shift():
    same = [
        information.mmd(normal(200, 3, seed=i), normal(200, 3, seed=100 + i)) for i in range(40)
    ]
    assert abs(np.mean(same)) < 3 * np.std(same) / math.sqrt(40)
    assert information.mmd(normal(200, 3), normal(200, 3, seed=1) + 2) > 10 * np.std(same)


def test_mmd_is_its_definition():
    x, y = normal(7, 2), normal(5, 2, seed=1)
    k = lambda a, b: 4 / (4 + ((a - b) ** 2).sum().item())  # noqa: E731
    xx = np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    yy = np.mean([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    xy = np.mean([k(a, b) for a in x for b in y])
    assert information.mmd(x, y) == pytest.approx(xx + yy - 2 * xy)


@pytest.mark.parametrize("channels, size", [(1, 8), (3, 32)])
@pytest.mark.parametrize("name", ["dcgan", "cgan", "vae", "cvae", "flow_vae", "hvae"])
def test_a_look_at_any_model_gives_finite_numbers_and_its_pictures(name, channels, size):
    model, (x, y) = build(name, (channels, size, size)), pictures(24, channels, size)
    classifier = Classifier((channels, size, size), 3, network="cnn", width=4, lr=0.1).eval()
    real = extract_features(classifier, x)[0].numpy()
    codes = model.encode(torch.as_tensor(x).float() / 127.5 - 1, torch.as_tensor(y))
    coded = isinstance(model, VAE)
    assert (codes is not None) == coded
    test = (
        EncodedImages(x, y, codes.detach().numpy())
        if coded
        else EncodedImages(None, y, sample_latents(24, 4, 0))
    )
    few = P.model_copy(update={"latent": P.latent.model_copy(update={"ppl_samples": 100, "n": 24})})
    how = (classifier, test, test if coded else None, real, ["a", "b", "c"], few, 0)
    numbers, figures = analysis.analyze_latent_space(model, *how)
    flat = [v for v in numbers.values() if isinstance(v, float)]
    assert np.isfinite(flat).all() and numbers["path_length"] > 0
    want = {"interpolation_lerp", "interpolation_slerp", "traversals", "neighbourhood"}
    want |= {"reconstructions", "reconstructions_train", "arithmetic"} if coded else set()
    want |= {"classes"} if model.conditional else set()
    assert figures.keys() == want
    assert ("direction_shares" in numbers) != coded and ("psnr" in numbers) == coded
    again, _ = analysis.analyze_latent_space(model, *how)
    assert again == numbers
