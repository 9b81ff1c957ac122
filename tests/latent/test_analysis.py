import numpy as np
import pytest
import torch
from small_models import PARAMS, build, random_images

from genbench.latent import analysis
from genbench.models.base.variational import VAE
from genbench.networks.classifier import Classifier, extract_features

CLASSES = ["a", "b", "c"]


def dataset(n=24, channels=1, size=8, factors=False):
    x, y = random_images(2 * n, channels, size)
    data = {"classes": np.array(CLASSES), "train_x": x[n:], "train_y": y[n:]}
    data |= {"test_x": x[:n], "test_y": y[:n]}
    return data | ({"test_factors": np.stack([y[:n], y[:n] // 2], 1)} if factors else {})


def few(**options):
    latent = PARAMS.latent.model_copy(update={"ppl_samples": 100, **options})
    return PARAMS.model_copy(update={"latent": latent})


def analyze(space, data, params):
    _, *shape = data["test_x"].shape
    torch.manual_seed(0)
    classifier = Classifier(shape, 3, network="cnn", width=4, lr=0.1).eval()
    real = extract_features(classifier, data["test_x"])[0].numpy()
    return analysis.analyze(space, classifier, real, params)


@pytest.mark.parametrize(
    "name, channels, size",
    [
        ("dcgan", 3, 32),
        ("cgan", 1, 8),
        ("vae", 1, 8),
        ("cvae", 3, 9),
        ("flow_vae", 3, 9),
        ("hvae", 1, 8),
    ],
)
def test_any_model_has_finite_metrics_and_its_figures(name, channels, size):
    model, data = build(name, (channels, size, size)), dataset(24, channels, size)
    has_encoder = isinstance(model, VAE)
    space = analysis.encode_images(model, data, n=24, seed=0)
    assert (space.codes is not None) == (space.train is not None) == has_encoder
    results = analyze(space, data, few())
    values = {name: estimate.value for name, estimate in results.metrics.items()}
    assert np.isfinite(list(values.values())).all() and values["path_length"] > 0
    figures = analysis.draw_figures(space, results)
    want = {"interpolation_lerp", "interpolation_slerp", "traversals", "local_perturbations"}
    want |= {"reconstructions", "reconstructions_train", "arithmetic"} if has_encoder else set()
    want |= {"classes"} if model.conditional else set()
    assert figures.keys() == want
    assert (results.direction_shares is None) == ("psnr" in values) == has_encoder
    assert results.n == (24 if has_encoder else None)
    again = analysis.encode_images(model, data, n=24, seed=0)
    assert analyze(again, data, few()) == results


def test_a_model_without_an_encoder_has_samples_of_the_prior_and_labels_in_turn():
    space = analysis.encode_images(build("gan"), dataset(24), n=10, seed=0)
    assert space.test.x.shape == (0, 1, 8, 8) and space.test.codes.shape == (10, 4)
    assert space.test.y.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_squared_error_by_class_names_the_classes_that_have_images():
    data = dataset(24)
    data |= {"test_x": data["test_x"][data["test_y"] != 1], "test_y": np.arange(16) % 2 * 2}
    space = analysis.encode_images(build("vae"), data, n=100, seed=0)
    results = analyze(space, data, few())
    errors = {error.name: error.squared_error for error in results.squared_error_by_class}
    assert errors.keys() == {"a", "c"}
    assert np.mean(list(errors.values())) == pytest.approx(results.metrics["squared_error"].value)


def test_traversals_follow_the_latents_with_the_largest_kl_or_variance_of_codes():
    for name in ("vae", "flow_vae"):
        data = dataset(30)
        space = analysis.encode_images(build(name, latent_dim=12), data, n=30, seed=0)
        results = analyze(space, data, few())
        directions = analysis.traversal_directions(space, results)
        assert directions.shape == (analysis.N_TRAVERSALS, 12)
        weights = np.array(results.kl_per_latent or space.test.codes.var(0))
        assert (directions.sum(1) == 1).all() and (directions.max(1) == 1).all()
        order = directions.argmax(1)
        assert weights[order].tolist() == sorted(weights, reverse=True)[: len(order)]
