"""Which images, codes, labels and seeds the numbers and figures of a latent space are made of."""

import numpy as np
import pytest
import torch
from small_models import PARAMS, build, random_images
from torchmetrics.functional.image import structural_similarity_index_measure

from genbench import bootstrap
from genbench.latent import analysis, figures, geometry
from genbench.latent.disentanglement import scores
from genbench.latent.reconstruction import EncodedImages
from genbench.latent.results import LatentResults, load_codes, save_codes
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
        want = bootstrap.mean_with_interval(values, params.evaluate.bootstrap, space.seed)
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


class Revealing:
    """Images of four bands, which show the three latents and the label, an eighth of each."""

    latent_dim, device = 3, torch.device("cpu")

    def __init__(self, conditional=True):
        self.conditional = conditional

    def decode(self, z, y):
        bands = torch.cat([z, y[:, None].float()], 1) / 8
        return bands.repeat_interleave(2, 1)[:, None, :, None].expand(-1, 1, 8, 8).clamp(-1, 1)


def read(picture):
    """The latents and the label that each image of a picture shows: (rows, columns, 4)."""
    bands = np.stack([picture[row::66, 32::66, 0] for row in (8, 24, 40, 56)], 2)
    return (bands / 127.5 - 1) * 8


def encoded(n, seed, model):
    """Images that show their own codes and labels."""
    random = np.random.default_rng(seed)
    codes = random.uniform(-2, 2, (n, 3)).astype(np.float32)
    y = random.permutation(np.arange(n) % 3)
    y[0] = 2
    pixels = (model.decode(torch.as_tensor(codes), torch.as_tensor(y)) + 1) * 127.5
    return EncodedImages(pixels.round().byte().numpy(), y, codes)


def shown(images):
    return np.concatenate([images.codes, images.y[:, None]], 1)


def close(a, b):
    np.testing.assert_allclose(a, b, atol=0.07)  # gray levels are steps of 0.06


@pytest.fixture(params=[True, False], ids=["conditional", "unconditional"])
def figured(request):
    """A space of images that show what they are, and its figures."""
    model = Revealing(request.param)
    test, train = encoded(30, 0, model), encoded(25, 1, model)
    space = analysis.LatentSpace(model, CLASSES, test, 0, train=train, codes=test.codes)
    results = LatentResults(metrics={}, kl_per_latent=[1.0, 0.1, 3.0])
    return space, analysis.draw_figures(space, results)


def test_reconstructions_of_test_and_training_images_are_below_these(figured):
    space, pictures = figured
    for name, images in {
        "reconstructions": space.test,
        "reconstructions_train": space.train,
    }.items():
        rows = read(pictures[name])
        close(rows[[0, 2]].reshape(-1, 4), shown(images)[:22])
        close(rows[[1, 3]].reshape(-1, 4), shown(images)[:22])


def test_interpolations_stand_between_their_images_with_the_label_of_these(figured):
    space, pictures = figured
    known = shown(space.test)
    for kind in ("lerp", "slerp"):
        rows = read(pictures[f"interpolation_{kind}"])
        assert rows.shape == (6, 13, 4)
        close(rows[:, 0], rows[:, 1])
        close(rows[:, -1, :3], rows[:, -2, :3])
        used = [int(np.abs(known - end).sum(1).argmin()) for end in rows[:, [0, -1]].reshape(-1, 4)]
        start, end = np.array(used).reshape(-1, 2).T
        assert len({*used}) == 12
        close(known[start], rows[:, 0])
        same = space.test.y[start] == space.test.y[end]
        assert (same == space.model.conditional).all()
        close(rows[:, 1:-1, 3], np.repeat(space.test.y[start][:, None], 11, 1))
        a, b = space.test.codes[start], space.test.codes[end]
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        half = np.arccos(cosine)[:, None] / 2
        close(rows[:, 6, :3], (a + b) / 2 / (1 if kind == "lerp" else np.cos(half)))


def test_traversals_and_perturbations_are_of_the_first_code_and_its_label(figured):
    space, pictures = figured
    code, label = space.test.codes[0], space.test.y[0]
    rows = read(pictures["traversals"])
    for row, latent in zip(rows, (2, 0, 1), strict=True):
        want = np.tile(code, (11, 1))
        want[:, latent] = np.linspace(-3, 3, 11)
        close(row[:, :3], want)
    close(rows[..., 3], np.full((3, 11), label))
    rows = read(pictures["local_perturbations"])
    close(rows[:, 0, :3], np.tile(code, (4, 1)))
    close(rows[..., 3], np.full((4, 11), label))
    far = np.linalg.norm(rows[:, 1:, :3] - code, axis=2)
    np.testing.assert_allclose(far, np.repeat([figures.RADII], 10, 0).T, atol=0.1)


def test_class_shifts_move_codes_by_means_and_are_given_the_new_class(figured):
    space, pictures = figured
    codes, y = space.test.codes, space.test.y
    rows = read(pictures["arithmetic"])
    means = np.stack([codes[y == k].mean(0) for k in range(3)])
    for k, row in enumerate(rows):
        first = int((y == k).argmax())
        close(row[0], shown(space.test)[first])
        close(row[1:, :3], codes[first] + means - means[k])
        close(row[1:, 3], [0, 1, 2])


def test_a_row_of_the_class_grid_is_a_class(figured):
    space, pictures = figured
    assert ("classes" in pictures) == space.model.conditional
    if space.model.conditional:
        rows = read(pictures["classes"])
        close(rows[..., 3], np.tile([[0], [1], [2]], (1, 11)))
        close(rows[1:, :, :3], rows[:-1, :, :3])
        assert np.abs(np.diff(rows[0, :, :3], axis=0)).min(1).max() > 0.1


class Strict(torch.nn.Module):
    """Says a class only if code and label of a `Revealing` image do, and never the second."""

    def __init__(self, levels):
        super().__init__()
        self.head = torch.nn.Linear(1, 1)
        self.levels = torch.as_tensor(levels)

    def forward(self, x):
        seen = x[:, 0, [0, 2, 4, 6], 0] * 8
        of_code = (seen[:, None, :3] - self.levels).abs().amax(2) < 0.3
        of_label = (seen[:, 3:] - torch.arange(3)).abs() < 0.3
        says = (of_code & of_label).float() * torch.tensor([1.0, 0, 1])
        return x.flatten(1), torch.cat([says, torch.full((len(x), 1), 0.5)], 1)


def test_latent_arithmetic_counts_images_whose_code_and_label_have_become_the_target():
    random = np.random.default_rng(2)
    levels = np.array([[-2, 0, 1], [2, 1, 0], [0, -2, -1]], np.float32)
    y = random.permutation(np.arange(30) % 3)
    codes = levels[y] + random.normal(0, 0.02, (30, 3)).astype(np.float32)
    images = EncodedImages(np.zeros((30, 1, 8, 8), np.uint8), y, codes)
    space = analysis.LatentSpace(Revealing(), CLASSES, images, 0, train=images, codes=codes)
    targets = geometry.target_classes(y, 3)
    got = analysis.arithmetic_accuracy(space, Strict(levels))
    assert np.array_equal(got, targets != 1) and 0 < got.mean() < 1


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
