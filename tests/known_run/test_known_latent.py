"""Codes, reconstructions and embeddings are of the right images of the right model."""

import by_hand
import numpy as np
import pytest
import torch
from known import DATASET, GAN, VAE
from PIL import Image
from scipy.spatial.distance import cdist

from genbench.latent import geometry
from genbench.models.base import sampling
from genbench.models.base.registry import load_model
from genbench.networks.classifier import load_classifier
from genbench.utils import seeds
from genbench.utils.files import load_arrays


def model_of(run, name):
    return load_model(run.root / "data" / "models" / DATASET / name / "weights.pt")


def images(run, part):
    return run.processed[f"{part}_x"], run.processed[f"{part}_y"]


def reconstruct(run, part):
    x, y = images(run, part)
    model = model_of(run, VAE)
    return sampling.decode(model, sampling.encode(model, x, y), y)


def test_codes_are_of_all_test_images_in_order(run):
    codes = load_arrays(run.details("latent", VAE, "codes.npz"))
    test = images(run, "test")
    np.testing.assert_allclose(
        codes["codes"], sampling.encode(model_of(run, VAE), *test), rtol=1e-4
    )
    assert np.array_equal(codes["codes_y"], test[1])
    assert load_arrays(run.details("latent", GAN, "codes.npz")) == {}


def test_reconstructions_are_measured_on_test_and_on_training_images_apart(run):
    metrics = run.metrics("latent", VAE)["metrics"]
    for part, suffix in (("test", ""), ("train", "_train")):
        x, _ = images(run, part)
        other = reconstruct(run, part)
        psnr = by_hand.psnr(x, other).mean()
        assert metrics[f"psnr{suffix}"]["value"] == pytest.approx(psnr, rel=1e-4)
        error = ((x / 255 - other / 255) ** 2).mean()
        assert metrics[f"squared_error{suffix}"]["value"] == pytest.approx(error, rel=1e-4)
        assert metrics[f"ssim{suffix}"]["value"] < 1
    x, y = images(run, "test")
    errors = ((x / 255 - reconstruct(run, "test") / 255) ** 2).mean((1, 2, 3))
    rows = run.metrics("latent", VAE)["squared_error_by_class"]
    assert [row["name"] for row in rows] == run.processed["classes"].tolist()
    expected = [errors[y == k].mean() for k in range(3)]
    assert [row["squared_error"] for row in rows] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("part, name", [("test", ""), ("train", "_train")])
def test_the_figure_of_reconstructions_has_images_of_its_part_above_their_own(run, part, name):
    picture = np.asarray(Image.open(run.details("latent", VAE, f"reconstructions{name}.png")))
    tiles = by_hand.rows(picture, 8, 11)
    x = images(run, part)[0][:, 0]
    number = {image.tobytes(): i for i, image in enumerate(x)}
    other = reconstruct(run, part)[:, 0]
    assert len(tiles) == 4
    for shown, below in ((tiles[0], tiles[1]), (tiles[2], tiles[3])):
        rows = [number[np.ascontiguousarray(tile).tobytes()] for tile in shown]
        assert len(set(rows)) == 11
        assert np.abs(below.astype(int) - other[rows]).max() <= 1


def test_information_is_that_of_test_images(run):
    result = run.metrics("latent", VAE)
    model = model_of(run, VAE)
    test = images(run, "test")
    assert result["n"] == len(test[0])
    scores = sampling.in_batches(model, lambda x, y: model.scores(x, y), *test)[0]
    means = {name: values.mean().item() for name, values in scores.items()}
    metrics = {name: estimate["value"] for name, estimate in result["metrics"].items()}
    assert metrics["rate"] == pytest.approx(means["kl"], rel=1e-4)
    assert metrics["rate"] + metrics["distortion"] == pytest.approx(
        means["negative_elbo"], rel=1e-4
    )
    assert sum(result["kl_per_latent"]) == pytest.approx(means["kl"], rel=1e-4)


@pytest.mark.parametrize("name", [GAN, VAE])
def test_path_lengths_have_the_spread_of_real_test_images_as_unit(run, name):
    path = run.root / "data" / "classifiers" / DATASET / "weights.pt"
    real = load_arrays(run.details("reference", "features.npz"))["test"]
    assert len(real) == len(run.processed["test_x"])
    lengths = geometry.perceptual_path_lengths(
        model_of(run, name),
        load_classifier(path, torch.device("cpu")),
        real,
        n=10,
        classes=3,
        seed=seeds.derive_seed(0, "latent", DATASET),
    )
    metrics = run.metrics("latent", name)["metrics"]
    assert metrics["path_length"]["value"] == pytest.approx(lengths.mean(), rel=1e-3)
    assert metrics["path_length_median"]["value"] == pytest.approx(np.median(lengths), rel=1e-3)


def test_embeddings_have_the_points_classes_and_groups_of_their_images(run):
    arrays = load_arrays(run.details("tsne", "embeddings.npz"))
    logits = {
        name: load_arrays(run.details("evaluate", name, "features.npz"))["logits"]
        for name in (GAN, VAE)
    }
    groups = {
        ("features", "real"): images(run, "test")[1],
        ("features", GAN): logits[GAN].argmax(1),
        ("features", VAE): logits[VAE].argmax(1),
        (VAE, "real"): images(run, "test")[1],
    }
    pairs = list(zip(arrays["names"].tolist(), arrays["groups"].tolist(), strict=True))
    assert set(pairs) == groups.keys()
    for pair, classes in groups.items():
        found = arrays["classes"][[p == pair for p in pairs]]
        assert (
            np.bincount(found, minlength=3).tolist() == np.bincount(classes, minlength=3).tolist()
        )


def test_numbers_of_the_embeddings_are_those_of_their_spaces(run):
    record = run.metrics("tsne")
    codes = load_arrays(run.details("latent", VAE, "codes.npz"))
    x, y = codes["codes"], codes["codes_y"]
    nearest = np.argsort(cdist(x, x) + np.diag([np.inf] * len(x)), 1)[:, :4]
    votes = np.eye(3)[y[nearest]].sum(1)
    assert record["codes"].keys() == {VAE} and record["codes"][VAE]["n"] == len(x)
    accuracy = (votes.argmax(1) == y).mean()
    assert record["codes"][VAE]["knn_accuracy"] == pytest.approx(accuracy, abs=1e-5)
    assert record["features"]["n"] == 90
    real = load_arrays(run.details("reference", "features.npz"))["test"]
    for name in (GAN, VAE):
        fake = load_arrays(run.details("evaluate", name, "features.npz"))["fake"][:30]
        both = np.concatenate([real, fake])
        distances = cdist(fake, both)
        distances[np.arange(30), 30 + np.arange(30)] = np.inf
        share = (np.argsort(distances, 1)[:, :4] < 30).mean()
        assert record["real_neighbors"][name] == pytest.approx(share, abs=0.02)
