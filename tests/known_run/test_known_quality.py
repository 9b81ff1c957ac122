"""Metrics of samples are those of the right images against the right images."""

import by_hand
import numpy as np
import pytest
import torch
from known import DATASET, GAN, VAE
from PIL import Image
from scipy.spatial.distance import cdist

from genbench.intervals import random_halves
from genbench.models.base import sampling
from genbench.models.base.registry import load_model
from genbench.networks.classifier import extract_features, load_classifier
from genbench.utils import provenance, seeds
from genbench.utils.files import load_arrays, load_json
from genbench.utils.images import rows_in_pairs

MODELS = (GAN, VAE)
N = 30


def features_and_logits(run, x):
    path = run.root / "data" / "classifiers" / DATASET / "weights.pt"
    network = load_classifier(path, torch.device("cpu"))
    return [values.numpy() for values in extract_features(network, x)]


@pytest.fixture(scope="module")
def real(run):
    """Features of the reference, checked against the images that they are of."""
    arrays = load_arrays(run.details("reference", "features.npz"))
    for part in ("train", "test"):
        of_all = features_and_logits(run, run.processed[f"{part}_x"])[0]
        np.testing.assert_allclose(arrays[part], of_all, rtol=1e-4, atol=1e-5)
    subset = arrays["test_subset"]
    assert len(np.unique(subset, axis=0)) == len(subset) == N
    assert cdist(subset, arrays["test"]).min(1).max() < 1e-4
    distances = cdist(arrays["test"], arrays["train"]).min(1)
    np.testing.assert_allclose(arrays["test_distances"], distances, rtol=1e-3, atol=1e-4)
    return arrays


def check_metrics(metrics, real, fake, logits):
    """Compare the metrics of generated images with their definitions."""
    test = real["test_subset"]
    by_definition = {
        "fid": by_hand.frechet_distance(test, fake),
        "is": by_hand.inception_score(logits),
        "precision": by_hand.precision(test, fake).mean(),
        "recall": by_hand.precision(fake, test).mean(),
        "density": by_hand.density(test, fake),
        "coverage": by_hand.coverage(test, fake),
    }
    if "copying_z" in metrics:
        by_definition["copying_z"] = by_hand.copying_z(real["train"], real["test"], fake)
    for name, value in by_definition.items():
        shown = metrics[name]["value"] if isinstance(metrics[name], dict) else metrics[name]
        assert shown == pytest.approx(value, rel=2e-3, abs=1e-3), name


def test_the_floor_is_of_training_images_and_the_ceiling_of_noise(run, real):
    reference = run.metrics("reference")
    images = run.processed["train_x"]
    rows = seeds.rng(0, "evaluate", DATASET).permutation(len(images))[:N]
    check_metrics(reference["floor"], real, *features_and_logits(run, images[rows]))
    noise = np.random.default_rng(0).integers(0, 256, (N, 1, 8, 8), dtype=np.uint8)
    own = by_hand.frechet_distance(real["test_subset"], features_and_logits(run, noise)[0])
    assert reference["ceiling"]["fid"]["value"] == pytest.approx(own, rel=0.25)
    assert own > 2 * reference["floor"]["fid"]["value"]
    protocol = reference["protocol"]
    assert (protocol["n"], protocol["split"], protocol["extractor"]) == (N, "test", "classifier")
    weights = run.root / "data" / "classifiers" / DATASET / "weights.pt"
    assert protocol["extractor_sha256"] == provenance.sha256(weights)


@pytest.mark.parametrize("name", MODELS)
def test_metrics_are_of_the_first_set_of_the_models_own_samples(run, real, name):
    quality = run.metrics("evaluate", name)
    arrays = load_arrays(run.root / "data" / "samples" / DATASET / name / "samples.npz")
    x = arrays["x"][:N]
    fake, logits = features_and_logits(run, x)
    stored = load_arrays(run.details("evaluate", name, "features.npz"))
    np.testing.assert_allclose(stored["fake"], fake, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(stored["logits"], logits, rtol=1e-4, atol=1e-4)
    metrics = quality["metrics"]
    check_metrics(metrics, real, fake, logits)
    assert (quality["n_real"], quality["n_fake"]) == (N, N)
    assert "copying_z" in metrics
    own = random_halves(N, seeds.derive_seed(0, "metrics", DATASET))
    for rows, fake_rows, value in zip(real["halves"], own, quality["halves"]["fid"], strict=True):
        half = by_hand.frechet_distance(real["test_subset"][rows], fake[fake_rows])
        assert value == pytest.approx(half, rel=2e-3)
    assert quality["protocol"] == run.metrics("reference")["protocol"] | {
        "weights": "raw",
        "checkpoint": "last",
    }
    predicted = logits.argmax(1)
    accuracy = metrics.get("label_accuracy")
    assert (accuracy is not None) == (name == GAN)
    if accuracy:
        assert accuracy["value"] == pytest.approx((predicted == arrays["y"][:N]).mean(), abs=1e-6)
    bound = metrics.get("negative_elbo")
    assert (bound is not None) == (name == VAE)
    if bound:
        assert bound["value"] == pytest.approx(arrays["test_negative_elbo"].mean(), rel=1e-4)
    inside = by_hand.precision(real["test_subset"], fake)
    for k, row in enumerate(quality["classes"]):
        assert row["name"] == run.processed["classes"][k]
        assert row["share"] == pytest.approx((predicted == k).mean(), abs=1e-6)
        if row["share"]:
            assert row["precision"] == pytest.approx(inside[predicted == k].mean(), abs=1e-6)
    assert metrics["classes_covered"]["value"] == len(np.unique(predicted))


@pytest.mark.parametrize("name", MODELS)
def test_the_second_set_of_samples_is_measured_by_itself(run, real, name):
    sets = run.metrics("evaluate", name)["sample_sets"]
    arrays = load_arrays(run.root / "data" / "samples" / DATASET / name / "samples.npz")
    for i, start in enumerate((0, 100)):
        fake, logits = features_and_logits(run, arrays["x"][start : start + N])
        check_metrics({key: values[i] for key, values in sets.items()}, real, fake, logits)


@pytest.mark.parametrize("name", MODELS)
def test_nearest_neighbors_in_the_figure_are_training_images(run, real, name):
    x = load_arrays(run.root / "data" / "samples" / DATASET / name / "samples.npz")["x"][:N]
    distances = cdist(features_and_logits(run, x)[0], real["train"])
    nearest = run.processed["train_x"][distances.argmin(1)]
    closest = np.argsort(distances.min(1), kind="stable")[:44]
    rows = np.concatenate([np.arange(22), np.resize(closest, 44)])
    picture = np.asarray(Image.open(run.details("evaluate", name, "nearest.png")))
    assert np.array_equal(picture, rows_in_pairs(x[rows], nearest[rows], 22))


@pytest.mark.parametrize(
    "name, at",
    [
        (f"{VAE}-2-8-0", {"latent_dim": 2, "width": 8, "seed": 0}),
        ("beta_vae-3-0", {"beta": 3, "seed": 0}),
        (f"{VAE}-1", {"seed": 1}),
        (f"{GAN}-1", {"seed": 1}),
    ],
)
def test_a_trial_is_measured_on_samples_of_its_own_training(run, real, name, at):
    stage = "replicate" if at.keys() == {"seed"} else "sweep"
    point = load_json(run.details(stage, f"{name}.json"))
    assert point["at"] == at and point["model"] == name.split("-")[0]
    assert point["quality"]["protocol"]["extractor"] == "classifier"
    model = load_model(run.root / "data" / "models" / DATASET / name / "weights.pt")
    seed = seeds.derive_seed(at["seed"], "sample", DATASET)
    x = sampling.sample(model, 2 * 100, run.processed["train_y"], seed)["x"][:N]
    check_metrics(point["quality"]["metrics"], real, *features_and_logits(run, x))
    if "beta" in at:
        test = run.processed["test_x"], run.processed["test_y"]
        bound = sampling.negative_elbo(model, test[0], torch.zeros(1)).mean()
        rate, distortion = (point["latent"]["metrics"][k]["value"] for k in ("rate", "distortion"))
        assert rate + distortion == pytest.approx(bound, rel=1e-3)
        kl = sampling.in_batches(model, lambda x, y: model.scores(x, y)["kl"].detach(), *test)
        assert rate == pytest.approx(torch.cat(kl).mean().item(), rel=1e-3)
