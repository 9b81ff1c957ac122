"""Features of images without classes: how they are learned, and that FID in them orders truths."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits
from torch.nn import functional as F

from genbench.evaluation.fid import fid
from genbench.networks import checkpoint
from genbench.networks import classifier as networks
from genbench.networks.classifier import ContrastiveNetwork, build_classifier, extract_features
from genbench.networks.feature_networks import random_view
from genbench.training.loader import InMemoryLoader
from genbench.training.loop import Schedule, train
from genbench.training.state import TrainerState

ARGS = {"image_shape": (1, 8, 8), "classes": 1, "network": "cnn", "width": 4, "lr": 0.002}


def images(n=6):
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_one_class_gives_a_network_that_needs_none_and_comes_back_from_its_file(tmp_path):
    network = build_classifier(**ARGS)
    assert isinstance(network, ContrastiveNetwork)
    assert type(build_classifier(**ARGS | {"classes": 2})) is networks.Classifier
    checkpoint.save(tmp_path / "weights.pt", network, **ARGS)
    loaded = networks.load_classifier(tmp_path / "weights.pt", torch.device("cpu"))
    assert isinstance(loaded, ContrastiveNetwork)
    features, logits = loaded(images())
    assert features.shape == (6, networks.N_FEATURES)
    assert torch.equal(logits, torch.zeros(6, 1))


def test_the_loss_is_the_cross_entropy_of_finding_the_other_view_among_other_images(monkeypatch):
    network = build_classifier(**ARGS).eval()
    shifts = iter((0, 1))
    monkeypatch.setattr(networks, "random_view", lambda x, flip: x.roll(next(shifts), 3))
    x, y = images(4), torch.tensor([0, 1, 2, 1])  # the second and the last are one image
    with torch.no_grad():
        views = torch.cat([x, x.roll(1, 3)])
        projected = F.normalize(network.head(network.body(views)), dim=1)
        losses = []
        for i in range(8):
            partner = (i + 4) % 8
            allowed = [j for j in range(8) if j == partner or y[j % 4] != y[i % 4]]
            similarities = [projected[i] @ projected[j] / networks.TEMPERATURE for j in allowed]
            right = similarities[allowed.index(partner)]
            losses.append(torch.tensor(similarities).logsumexp(0) - right)
        found = network.loss("model", x, y)
    assert found["loss"].item() == pytest.approx(np.mean(losses), rel=1e-5)
    assert 0 <= found["accuracy"] <= 1


def test_views_are_parts_of_their_image_mirrored_in_half_of_the_cases_if_asked_for():
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 32).expand(400, 3, 32, 32)  # dark on the left
    for flip, share in ((False, 0), (True, 0.5)):
        view = random_view(x, flip=flip)
        assert view.shape == x.shape
        rises = view.diff(dim=3).mean((1, 2, 3)) * 31
        assert (rises < 0).float().mean().item() == pytest.approx(share, abs=0.07)
        contrasts = rises.abs() / 2  # of the part that is seen, times the factor
        assert contrasts.min() > 0.36 and contrasts.max() < 1.4
    assert view.std((1, 2, 3)).std() > 0.05
    assert torch.allclose(view[:, :, 0], view[:, :, -1], atol=1e-5)  # up and down nothing changes


def test_only_networks_for_color_images_see_mirrored_views(monkeypatch):
    seen = []
    monkeypatch.setattr(networks, "random_view", lambda x, flip: seen.append(flip) or x)
    for kind, shape in (("cnn", (1, 8, 8)), ("resnet", (3, 8, 8))):
        network = build_classifier(**ARGS | {"network": kind, "image_shape": shape})
        network.loss("model", images().expand(-1, shape[0], -1, -1), torch.arange(6))
    assert seen == [False, False, True, True]


@pytest.fixture(scope="module")
def planted():
    """FIDs of planted truths about digits, in features that were learned without their classes."""
    digits = load_digits()
    x = np.rint(digits.images[:, None] * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(x))
    train_x, test_x = x[order[:1300]], x[order[1300:]]
    classes = digits.target[order[:1300]]
    torch.manual_seed(0)
    network = build_classifier(**ARGS | {"width": 8})
    loader = InMemoryLoader(torch.from_numpy(train_x), torch.arange(1300), 128, 0)
    train(TrainerState(network, loader), Schedule(images=20_000), name="contrastive")
    network.eval()
    real = extract_features(network, test_x)[0]
    noise = np.random.default_rng(1).integers(0, 256, train_x.shape, np.uint8)
    few = np.random.default_rng(2).permutation(1300)[:650]

    def of(images):
        return fid(real, extract_features(network, images)[0])

    return {
        "blur": [of(blurred(train_x, sigma)) for sigma in (0, 0.5, 0.7, 1, 2)],
        "missing": [of(train_x[classes >= k]) for k in (0, 1, 3, 5, 8)],
        "noise": [of(np.concatenate([noise[:n], train_x[n:]])) for n in (0, 130, 400, 1300)],
        "copies": [of(train_x[few]), of(np.concatenate([train_x[few], train_x[few]]))],
    }


def blurred(x, sigma):
    return gaussian_filter(x.astype(float), (0, 0, sigma, sigma)).round().astype(np.uint8)


@pytest.mark.parametrize("truth", ["blur", "missing", "noise"])
def test_fid_without_classes_rises_with_blur_missing_kinds_and_noise(planted, truth):
    fids = planted[truth]
    assert fids == sorted(fids)
    assert fids[1] > 1.3 * fids[0]


def test_fid_without_classes_takes_copies_for_what_they_are_copies_of(planted):
    once, twice = planted["copies"]
    assert twice == pytest.approx(once, rel=0.02)
