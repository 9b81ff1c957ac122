"""Operations are counted by hand, and counting changes nothing."""

from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.training.flops import flops_per_image

SHAPE = (1, 8, 8)
SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")


def build(name: str, width: int = 4):
    torch.manual_seed(0)
    return registry.build(name, SHAPE, 3, **SHIPPED.build_args(name) | {"width": width})


def weights(network) -> int:
    """Entries of the weight matrices of a fully connected network."""
    return sum(w.numel() for w in network.parameters() if w.dim() == 2)


def test_the_operations_of_a_fully_connected_gan():
    gan = build("gan")
    g, d = weights(gan.generator), weights(gan.discriminator)
    first = next(w for w in gan.discriminator.parameters() if w.dim() == 2).numel()
    start = next(w for w in gan.generator.parameters() if w.dim() == 2).numel()
    # d moves: generate; judge real and generated; gradients of weights and of all inputs but the
    # first. g moves: generate, judge; gradients through d, then of g and of all inputs but latents.
    discriminator = 2 * g + 2 * (2 * d + 2 * d + 2 * (d - first))
    generator = 2 * g + 2 * d + 2 * d + 2 * g + 2 * (g - start)
    assert flops_per_image(gan, SHAPE) == (discriminator + generator) / 2


@pytest.mark.parametrize("name", registry.NAMES)
def test_counting_changes_neither_the_model_nor_the_random_numbers(name):
    model = build(name)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.get_rng_state()
    assert flops_per_image(model, SHAPE) > 0
    assert torch.equal(torch.get_rng_state(), state)
    after = model.state_dict()
    assert all(torch.equal(v, after[k]) for k, v in before.items())


def test_a_wider_network_costs_more():
    narrow, wide = (flops_per_image(build("vae", width), SHAPE) for width in (4, 8))
    assert wide > 2 * narrow
