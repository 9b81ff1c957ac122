"""The classifier: what it learns from, what it hands to metrics and to perceptual losses."""

import numpy as np
import pytest
import torch
from layers import randomized
from torch.nn import functional as F

from genbench.networks import checkpoint
from genbench.networks.classifier import (
    Classifier,
    accuracy,
    augment,
    extract_features,
    load_classifier,
    perceptual_features,
)

ARGS = {"image_shape": (3, 8, 8), "classes": 4, "width": 2, "lr": 0.1}
KINDS = ["cnn", "resnet"]
CPU = torch.device("cpu")


@pytest.fixture(params=KINDS)
def saved(request, tmp_path):
    """A classifier with random weights and statistics, in eval mode, and its file."""
    args = ARGS | {"network": request.param}
    network = randomized(Classifier(**args))
    checkpoint.save(tmp_path / "weights.pt", network, **args)
    return network, tmp_path / "weights.pt"


def images(n=6):
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_a_classifier_comes_back_from_its_file_to_the_last_bit(saved):
    network, path = saved
    loaded = load_classifier(path, CPU)
    assert not loaded.training
    kind = "resnet" if network.augments else "cnn"
    assert checkpoint.read(path)["build_args"] == ARGS | {"network": kind}
    for key, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key


@torch.no_grad()
def test_features_and_logits_are_those_of_the_images_in_minus_1_to_1(saved):
    network, _ = saved
    x = np.random.default_rng(0).integers(0, 256, (7, 3, 8, 8), dtype=np.uint8)
    want = network.body(torch.as_tensor(x).float() / 127.5 - 1)
    features, logits = extract_features(network, x, batch_size=3)
    torch.testing.assert_close(features, want)
    assert logits.shape == (7, 4)
    torch.testing.assert_close(logits, F.linear(want, network.head.weight, network.head.bias))


def test_perceptual_features_are_frozen_and_let_gradients_through_to_images(saved):
    network, path = saved
    x = images().requires_grad_()
    features = perceptual_features(path, CPU)(x)
    torch.testing.assert_close(features, network.body(x))
    (gradient,) = torch.autograd.grad(features.square().sum(), x)
    assert gradient.abs().sum() > 0
    assert not perceptual_features(path, CPU)(images()).requires_grad


def test_a_trained_classifier_has_the_loss_and_accuracy_of_its_logits(saved):
    network, _ = saved
    x, y = images(), torch.arange(6) % 4
    out = network.loss("model", x, y)
    logits = network(x)[1].detach().numpy().astype(float)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert out["loss"].item() == pytest.approx(-log_p[np.arange(6), y].mean(), rel=1e-4)
    hits = logits.argmax(1) == y.numpy()
    assert out["accuracy"].item() == pytest.approx(hits.mean())
    assert accuracy(torch.as_tensor(logits), y.numpy()) == pytest.approx(hits.mean())


@pytest.mark.parametrize("kind", KINDS)
def test_in_training_a_fifth_of_the_features_is_dropped(kind):
    network = Classifier(**ARGS, network=kind)
    inputs = []
    network.body = torch.nn.Flatten()
    network.head = torch.nn.Linear(192, 4)
    network.head.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    network(torch.ones(100, 3, 8, 8))
    dropped = (inputs[0] == 0).float().mean().item()
    assert dropped == pytest.approx(0.2, abs=0.01)
    assert set(inputs[0].unique().tolist()) == {0, 1.25}


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_color_are_augmented_and_in_training_alone(kind):
    network, seen = Classifier(**ARGS, network=kind), []
    network.body.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    x, y = images(50), torch.arange(50) % 4
    network.loss("model", x, y)
    network.eval().loss("model", x, y)
    assert torch.equal(seen[0], x) == (kind == "cnn") and torch.equal(seen[1], x)


def test_augmentation_shifts_by_an_eighth_to_all_sides_and_mirrors_half():
    n, size = 3000, 16
    x = torch.arange(float(size**2)).view(1, 1, size, size).expand(n, 2, -1, -1)
    torch.manual_seed(0)
    out = augment(x)
    assert torch.equal(out[:, 0], out[:, 1])
    padded = F.pad(x[:1, :1], (2,) * 4, mode="reflect")[0, 0]
    crops = torch.stack([padded[i : i + size, j : j + size] for i in range(5) for j in range(5)])
    crops = torch.cat([crops, crops.flip(-1)]).flatten(1)
    counts = [(out[:, 0].flatten(1) == crop).all(1).sum().item() for crop in crops]
    assert sum(counts) == n
    deviation = (n / 50) ** 0.5
    assert max(abs(count - n / 50) for count in counts) < 5 * deviation
    assert sum(counts[:25]) == pytest.approx(n / 2, abs=5 * (n / 4) ** 0.5)


def test_the_learning_rate_falls_if_the_classifier_says_so():
    network = Classifier(**ARGS, network="cnn")
    network.decay_steps = 7
    optimizer = network.optimizer(network.players()["model"])
    assert (optimizer.lr, optimizer.betas, optimizer.decay_steps) == (0.1, (0.9, 0.999), 7)
    assert len(optimizer.parameters) == len(list(network.parameters()))
