"""What moves a player is the slope of its own loss: no part of it is cut off or held fixed."""

from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import registry

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
SHAPE = (3, 8, 8)
SMALL = {"latent_dim": 4, "width": 4}
STEP = 1e-6


@pytest.fixture
def double(monkeypatch):
    """Differences of losses need float64, in the gradient penalty as well."""
    torch.set_default_dtype(torch.float64)
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    yield
    torch.set_default_dtype(torch.float32)


def build(name):
    """A small model whose weights have all moved, halfway through its warm-up."""
    torch.manual_seed(0)
    args = SHIPPED.build_args(name) | SMALL
    args |= {"perceptual": 2.0} if name == "res_vae" else {}
    args |= {"kl_warmup_images": 100} if "kl_warmup_images" in args else {}
    model = registry.build(name, SHAPE, 6, **args).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    if hasattr(model, "images_seen"):
        model.images_seen.fill_(50)
    to_features = 10 * torch.randn(3 * 8 * 8, 5)
    model.perceptual_features = (lambda x: x.flatten(1) @ to_features) if model.perceptual else None
    return model


@pytest.mark.parametrize("name", registry.NAMES)
def test_the_gradient_of_every_player_is_the_slope_of_its_loss(name, double):
    model, x, y = build(name), torch.rand(5, *SHAPE) * 2 - 1, torch.arange(5)

    def loss(player):
        torch.manual_seed(3)
        return model.loss(player, x, y)["loss"]

    for player, own in model.players().items():
        directions = [torch.randn_like(weight) for weight in own]
        gradients = torch.autograd.grad(loss(player), own)
        want = sum((g * d).sum().item() for g, d in zip(gradients, directions, strict=True))
        ends = []
        for step in (STEP, -2 * STEP):
            with torch.no_grad():
                for weight, direction in zip(own, directions, strict=True):
                    weight.add_(step * direction)
            ends.append(loss(player).item())
        assert (ends[0] - ends[1]) / (2 * STEP) == pytest.approx(want, rel=1e-3, abs=1e-5), player
