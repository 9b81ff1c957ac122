"""The flow between noise and images, with fields whose flows are known."""

from pathlib import Path

import pytest
import torch
from torch import nn

from genbench import params
from genbench.models.base import registry

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
SHAPE = (3, 9, 9)


class Field(nn.Module):
    """A field that is given, and what it was asked."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.asked = []

    def forward(self, x, time):
        self.asked.append((x, time))
        return self.function(x, time)


def build(function=None, **changes):
    torch.manual_seed(0)
    args = SHIPPED.build_args("flow_matching") | {"width": 8} | changes
    model = registry.build("flow_matching", SHAPE, 4, **args).eval()
    if function:
        model.field = Field(function)
    return model


def images(n=5):
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_loss_is_the_distance_from_the_way_to_the_image():
    x, y = images(), torch.zeros(5, dtype=torch.long)
    model = build(lambda x, time: torch.full_like(x, 0.25))
    torch.manual_seed(3)
    time, noise = torch.rand(5), torch.randn_like(x)
    torch.manual_seed(3)
    loss = model.loss("model", x, y)["loss"]
    want = (0.25 - (x - noise)).square().sum((1, 2, 3)).mean()
    torch.testing.assert_close(loss, want)
    ((between, told),) = model.field.asked
    weight = time[:, None, None, None]
    torch.testing.assert_close(between, (1 - weight) * noise + weight * x)
    assert torch.equal(told, time)


@pytest.mark.parametrize(
    "field, end",
    [
        (lambda x, time: x, lambda z: z * torch.e),
        (lambda x, time: 3 * time[:, None, None, None].square().expand_as(x), lambda z: z + 1),
    ],
)
def test_images_are_where_the_field_takes_noise_and_codes_where_it_came_from(field, end):
    model = build(field, steps=40)
    z = 0.1 * torch.randn(5, model.latent_dim) - 0.3
    x = end(z).view(5, *SHAPE)
    torch.testing.assert_close(model.decode(z, None), x.clamp(-1, 1), atol=1e-3, rtol=0)
    torch.testing.assert_close(model.encode(x, None), z, atol=1e-3, rtol=0)


def test_heuns_method_is_of_second_order():
    errors = []
    for steps in (5, 10):
        model = build(lambda x, time: x, steps=steps)
        z = torch.full((1, model.latent_dim), 0.1, dtype=torch.float64)
        errors.append((model.decode(z, None) - 0.1 * torch.e).abs().max().item())
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.15)


def test_a_latent_is_noise_of_an_images_size_and_images_are_in_range():
    model = build(latent_dim=7)
    assert model.latent_dim == 3 * 9 * 9
    x = model.decode(30 * torch.randn(2, model.latent_dim), None)
    assert x.shape == (2, *SHAPE) and x.abs().max() <= 1


def test_diagnostics_take_few_steps_and_change_nothing():
    model = build(lambda x, time: torch.zeros_like(x), steps=9)
    model.diagnose(images(), torch.zeros(5, dtype=torch.long))
    assert len(model.field.asked) == 4 and model.steps == 9


@torch.no_grad()
@pytest.mark.parametrize("size", [8, 9, 15, 16, 28, 33])
def test_the_network_depends_on_every_pixel_and_on_the_time(size):
    from genbench.networks.unet import UNet

    torch.manual_seed(0)
    network = UNet((1, size, size), 8)
    for weight in network.parameters():
        weight.add_(0.05 * torch.randn_like(weight))
    x = torch.rand(1, 1, size, size)
    out = network(x, torch.tensor([0.3]))
    assert out.shape == x.shape
    assert not torch.allclose(out, network(x, torch.tensor([0.31])))
    for corner in ((0, 0), (size - 1, size - 1)):
        changed = x.clone()
        changed[0, 0, *corner] += 1
        assert not torch.allclose(out, network(changed, torch.tensor([0.3])))
