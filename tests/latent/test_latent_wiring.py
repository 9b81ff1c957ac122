"""Which images, codes, labels and seeds the numbers and figures of a latent space are made of."""

import numpy as np
import pytest
import torch
from small_models import PARAMS, build, random_images
from torchmetrics.functional.image import structural_similarity_index_measure

from genbench import intervals
from genbench.latent import analysis, geometry
from genbench.latent.disentanglement import scores
from genbench.latent.results import load_codes, save_codes
from genbench.networks.classifier import Classifier, extract_features

CLASSES = ["a", "b", "c"]
N = 12


def unit(x):
    return torch.as_tensor(x).float() / 127.5 - 1


def places(images, x):
    """Where in the images the images of a random subset stand."""
    found = [int((images == one).all((1, 2, 3)).argmax()) for one in x]
    assert len(set(found)) == len(x) and found != sorted(found)
    return np.array(found)


@pytest.fixture(scope="module")
def vae():
    """A conditional VAE, images whose classes are in no order, its space and its metrics."""
    model = build("cvae")
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.5)
    random = np.random.default_rng(1)
    x, _ = random_images(80)
    y = random.integers(0, 3, 80)
    data = {"classes": np.array(CLASSES), "train_x": x[30:], "train_y": y[30:]}
    data |= {"test_x": x[:30], "test_y": y[:30]}
    data |= {"test_factors": random.integers(0, 4, (30, 2))}
    space = analysis.encode_images(model, data, n=N, seed=4)
    latent = PARAMS.latent.model_copy(update={"ppl_samples": 37, "iwae_samples": 2})
    params = PARAMS.model_copy(update={"latent": latent})
    torch.manual_seed(0)
    classifier = Classifier((1, 8, 8), 3, network="cnn", width=4, lr=0.1).eval()
    real = extract_features(classifier, data["test_x"])[0].numpy()
    return data, space, analysis.analyze(space, classifier, real, params), params, classifier, real


@torch.no_grad()
def test_codes_are_those_of_the_images_with_their_labels(vae):
    data, space, *_ = vae
    for part, encoded in (("test", space.test), ("train", space.train)):
        x, y = data[f"{part}_x"], data[f"{part}_y"]
        chosen = places(x, encoded.x)
        codes = space.model.encode(unit(x), torch.as_tensor(y)).numpy()
        np.testing.assert_array_equal(encoded.y, y[chosen])
        np.testing.assert_allclose(encoded.codes, codes[chosen], rtol=1e-4, atol=1e-5)
        if part == "test":
            np.testing.assert_allclose(space.codes, codes, rtol=1e-4, atol=1e-5)
            others = space.model.encode(unit(x), torch.zeros(len(y)).long()).numpy()
            assert np.abs(codes - others).max() > 1e-2
    np.testing.assert_array_equal(space.factors, data["test_factors"])
    assert (len(space.test.x), len(space.train.x)) == (N, N)


@torch.no_grad()
def errors_of(model, images):
    """psnr, ssim and squared error of each image, from the model's own functions."""
    y = torch.as_tensor(images.y)
    reconstructed = model.decode(model.encode(unit(images.x), y), y)
    pixels = ((reconstructed + 1) * 127.5).round().clamp(0, 255).double()
    x = torch.as_tensor(images.x).double()
    error = (pixels - x).square().mean((1, 2, 3))
    ssim = structural_similarity_index_measure(
        pixels, x, sigma=0.5, data_range=255.0, reduction="none"
    )
    psnr = 10 * torch.log10(255**2 / error)
    values = {"psnr": psnr, "ssim": ssim, "squared_error": error / 255**2}
    return {name: value.numpy() for name, value in values.items()}


def test_errors_are_of_test_and_of_training_images_with_their_intervals(vae):
    _, space, results, params, *_ = vae
    test, train = (errors_of(space.model, part) for part in (space.test, space.train))
    for name, values in (test | {f"{k}_train": v for k, v in train.items()}).items():
        got = results.metrics[name]
        want = intervals.mean_with_interval(values)
        assert got.value == pytest.approx(values.mean(), rel=1e-4, abs=1e-5), name
        assert (got.low, got.high) == pytest.approx((want.low, want.high), rel=1e-3, abs=1e-4), name
    by_class = {row.name: row.squared_error for row in results.squared_error_by_class}
    assert len(by_class) == 3
    for k, name in enumerate(CLASSES):
        want = test["squared_error"][space.test.y == k].mean()
        assert by_class[name] == pytest.approx(want, rel=1e-4)


@torch.no_grad()
def test_information_is_of_the_test_images_of_the_figures(vae):
    _, space, results, *_ = vae
    model, x, y = space.model, unit(space.test.x), torch.as_tensor(space.test.y)
    own = model.scores(x, y)
    values = {name: estimate.value for name, estimate in results.metrics.items()}
    assert values["rate"] == pytest.approx(own["kl"].mean().item(), rel=1e-5)
    nll = own["negative_elbo"] - own["kl"]
    assert values["distortion"] == pytest.approx(nll.mean().item(), rel=1e-5)
    bound = model.importance_weighted(x, y, 2).mean().item()
    assert values["importance_weighted"] == pytest.approx(bound, rel=1e-5)
    assert values["active_units"] == (space.test.codes.var(0, ddof=1) > 0.01).sum()
    kl = model.kl_per_latent(model.encoder_output(x, y)).mean(0)
    assert results.kl_per_latent == pytest.approx(kl.tolist(), rel=1e-4)
    assert results.n == N


def test_path_lengths_and_factors_are_of_the_whole_space(vae):
    _, space, results, _, classifier, real = vae
    lengths = geometry.perceptual_path_lengths(space.model, classifier, real, 37, 3, space.seed)
    assert results.metrics["path_length"].value == pytest.approx(lengths.mean())
    assert results.metrics["path_length_median"].value == pytest.approx(np.median(lengths))
    assert results.factors == scores(space.codes, space.factors, space.seed)


class Linear:
    """A model without an encoder whose pixels are linear in its latents."""

    device, conditional = torch.device("cpu"), False

    def __init__(self, w):
        self.w = torch.as_tensor(w)
        self.latent_dim = self.w.shape[1]

    def encode(self, x, y):
        return None

    def decode(self, z, y):
        return (z.double() @ self.w.T).reshape(-1, 1, 8, 8)


class Pixels(torch.nn.Module):
    def forward(self, x):
        return x.flatten(1), None


def test_a_linear_generator_is_traversed_along_its_singular_vectors_largest_first():
    w = np.random.default_rng(1).normal(size=(64, 10)) * np.arange(1, 11)
    data = {"classes": np.array(CLASSES), "test_x": random_images(20)[0], "test_y": np.zeros(20)}
    space = analysis.encode_images(Linear(w), data, n=15, seed=0)
    assert space.test.codes.shape == (15, 10)
    assert np.abs(space.test.codes.mean()) < 0.35 < space.test.codes.std(0).min()
    real = np.random.default_rng(0).normal(size=(50, 64))
    results = analysis.analyze(space, Pixels(), real, PARAMS)
    _, s, vt = np.linalg.svd(w, full_matrices=False)
    np.testing.assert_allclose(results.direction_shares, s**2 / (s**2).sum(), rtol=1e-3)
    directions = analysis.traversal_directions(space, results)
    np.testing.assert_allclose(np.abs((directions * vt[:8]).sum(1)), 1, atol=1e-3)


def test_codes_come_back_with_their_labels(tmp_path):
    codes, y = np.arange(12.0).reshape(4, 3), np.array([2, 0, 1, 1])
    save_codes(tmp_path / "codes.npz", codes, y)
    loaded, labels = load_codes(tmp_path / "codes.npz")
    assert np.array_equal(loaded, codes) and np.array_equal(labels, y)
    save_codes(tmp_path / "none.npz", None, y)
    assert load_codes(tmp_path / "none.npz") is None
