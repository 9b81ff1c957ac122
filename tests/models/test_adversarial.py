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


def test_the_critic_stays_within_its_clip_bound():
    model = registry.build("wgan", (1, 8, 8), 10, **SHIPPED.build_args("wgan"))
    optimizer = model.optimizer(model.players()["critic"])
    loss = model.loss("critic", torch.rand(4, 1, 8, 8), torch.zeros(4))["loss"]
    optimizer.step(torch.autograd.grad(loss, optimizer.parameters))
    assert max(w.abs().max().item() for w in model.critic.parameters()) > model.clip
    model.after_update("critic")
    assert max(w.abs().max().item() for w in model.critic.parameters()) <= model.clip


def test_a_discriminator_that_gives_every_image_one_half_has_a_loss_of_2_log_2():
    model = registry.build("gan", (1, 8, 8), 10, **SHIPPED.build_args("gan"))
    with torch.no_grad():
        model.discriminator[-1][-1].weight.zero_(), model.discriminator[-1][-1].bias.zero_()
    out = model.loss("discriminator", torch.rand(4, 1, 8, 8), torch.zeros(4))
    assert out["loss"].item() == pytest.approx(2 * torch.tensor(2.0).log().item())
    assert (out["real"].item(), out["fake"].item()) == (0.5, 0.5)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_projection_discriminator_adds_a_class_term_to_a_linear_logit(channels):
    model = build("cgan", (channels, 8, 8)).eval()
    discriminator = model.discriminator
    x = torch.randn(5, channels, 8, 8)
    y = torch.tensor([0, 3, 3, 9, 1])
    features = discriminator.body(x)
    head = discriminator.head
    by_hand = [
        head.weight[0] @ f + head.bias[0] + discriminator.embedding.weight[k] @ f
        for f, k in zip(features, y, strict=True)
    ]
    torch.testing.assert_close(model.logits(x, y), torch.stack(by_hand))


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


@pytest.mark.parametrize("name", ["sngan", "cgan"])
def test_the_hinge_gans_record_logits_and_no_probabilities(name):
    model, x, y = build(name), torch.randn(8, 1, 8, 8), torch.arange(8)
    out = model.loss("discriminator", x, y)
    assert out.keys() == {"loss", "real_logit", "fake_logit"}
    losses = model.discriminator_loss(torch.tensor([0.5, 2.0]), torch.tensor([-3.0, 0.0]))
    assert [v.item() for v in losses.values()] == pytest.approx([0.25 + 0.5, 1.25, -1.5])
    assert model.generator_loss(torch.tensor([2.0, 4.0])).item() == -3


@pytest.mark.parametrize("name", ["wgan", "wgan_gp"])
def test_the_critic_records_the_earth_movers_distance(name):
    out = build(name).discriminator_loss(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 0.0]))
    assert out["earth_movers_distance"].item() == 3.5 and out["loss"].item() == -3.5


def test_weights_at_the_clip_bound_are_counted():
    model = build("wgan", clip=0.01)
    x, y = torch.randn(8, 1, 8, 8), torch.arange(8)
    with torch.no_grad():
        for weight in model.critic.parameters():
            weight.fill_(0.005)
        assert model.eval().diagnose(x, y)["clip_saturation"].item() == 0
        model.critic[0].weight.fill_(-0.01)
    total = sum(w.numel() for w in model.critic.parameters())
    want = model.critic[0].weight.numel() / total
    assert model.diagnose(x, y)["clip_saturation"].item() == pytest.approx(want)


def test_the_class_of_an_image_scales_and_shifts_the_generators_features():
    model = build("cgan").eval()
    norm = next(m for m in model.generator if type(m).__name__ == "ConditionalBatchNorm2d")
    x, y = torch.randn(3, norm.scale.embedding_dim, 2, 2), torch.tensor([1, 1, 4])
    plain = norm(x, y)
    with torch.no_grad():
        norm.scale.weight[4] = 3.0
        norm.shift.weight[4] = -1.0
    moved = norm(x, y)
    torch.testing.assert_close(moved[:2], plain[:2])
    torch.testing.assert_close(moved[2], 3 * plain[2] - 1)
