"""What is the GANs' own: layers, constraints, logits, what they record."""

from pathlib import Path

import pytest
import torch
from layers import layers
from torch import nn

from genbench import params
from genbench.models.base import registry

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")


def build(name, shape=(1, 8, 8), **changes):
    torch.manual_seed(0)
    return registry.build(name, shape, 10, **SHIPPED.build_args(name) | changes)


def test_the_conv_gan_at_28x28_has_the_layers_of_its_source():
    # parameter counts as J. Brownlee's page prints them: 40,705 and 1,164,289 in all
    model = build("conv_gan", (1, 28, 28), latent_dim=100)
    assert layers(model.discriminator, torch.zeros(1, 1, 28, 28)) == [
        ((64, 14, 14), 640),
        ((64, 7, 7), 36_928),
        ((1,), 3_137),
    ]
    assert layers(model.generator, torch.zeros(1, 100)) == [
        ((6272,), 633_472),
        ((128, 14, 14), 262_272),
        ((128, 28, 28), 262_272),
        ((1, 28, 28), 6_273),
    ]
    rates = [m.p for m in model.discriminator if isinstance(m, nn.Dropout)]
    slopes = {m.negative_slope for m in model.modules() if isinstance(m, nn.LeakyReLU)}
    assert rates == [0.4, 0.4] and slopes == {0.2}


def test_the_networks_of_the_conv_gan_use_pixels_from_0_to_1():
    model = build("conv_gan", (1, 28, 28), latent_dim=100).eval()
    z = torch.randn(5, 100)
    inputs = []
    model.discriminator.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    pixels = model.generator(z)
    torch.testing.assert_close(model.decode(z, None), 2 * pixels - 1)
    model.logits(model.decode(z, None), None)
    torch.testing.assert_close(inputs[0], pixels)
    model.logits(torch.tensor([-1.0, 1.0]).repeat(1, 1, 28, 14), None)
    assert inputs[1].unique().tolist() == [0, 1]


@pytest.mark.parametrize("name", ["sngan", "cgan"])
def test_the_matrix_of_every_layer_of_the_discriminator_has_norm_1(name):
    model, y = build(name), torch.arange(8)
    for _ in range(100):  # the power iteration converges over training steps
        model.logits(torch.randn(8, 1, 8, 8), y)
    layers = nn.Conv2d | nn.Linear | nn.Embedding
    weights = [m.weight for m in model.eval().discriminator.modules() if isinstance(m, layers)]
    assert len(weights) == (3 if name == "sngan" else 4)
    for weight in weights:
        assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_weights_at_the_clip_bound_are_counted():
    model = build("wgan", clip=0.01)
    x, y = torch.randn(8, 1, 8, 8), torch.arange(8)
    with torch.no_grad():
        for weight in model.critic.parameters():
            weight.fill_(0.0099)
        assert model.eval().diagnose(x, y)["clip_saturation"].item() == 0
        model.critic[0].weight.fill_(-0.01)
    total = sum(w.numel() for w in model.critic.parameters())
    want = model.critic[0].weight.numel() / total
    assert model.diagnose(x, y)["clip_saturation"].item() == pytest.approx(want)
