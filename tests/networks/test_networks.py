"""Networks against their recipes, their initialization, their normalization."""

import pytest
import torch
from layers import compute, randomized
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from genbench.networks import classifier, conv, vae_networks

ODD = (3, 9, 9)


def block(channels):
    return f"( relu conv3/1:{channels} relu conv3/1:{channels} )"


def residual(channels):
    return f"( conv3/1:{channels} norm relu conv3/1:{channels} norm relu )"


NETWORKS = {
    "mlp": (conv.mlp(5, 6, 7), (5,), "linear:6 leaky linear:7"),
    "encoder": (
        conv.Encoder((1, 28, 28), 5, 4, norm=None),
        (1, 28, 28),
        "conv4/2:4 leaky conv4/2:8 leaky pad conv4/2:16 leaky flat linear:5",
    ),
    "encoder with batch normalization": (
        conv.Encoder(ODD, 5, 4, norm="batch"),
        ODD,
        "pad conv4/2:4 leaky pad conv4/2:8 norm leaky flat linear:5",
    ),
    "encoder without its last layer": (
        conv.Encoder((3, 8, 8), None, 4, norm="spectral"),
        (3, 8, 8),
        "conv4/2:4 leaky conv4/2:8 leaky flat",
    ),
    "decoder": (
        conv.Decoder(5, ODD, 4),
        (5,),
        "linear:72 image:8x3 norm relu deconv4/2:4 crop:5 norm relu deconv4/2:3 crop:9 tanh",
    ),
    "decoder to 8x8": (
        conv.Decoder(5, (1, 8, 8), 4),
        (5,),
        "linear:32 image:8x2 norm relu deconv4/2:4 norm relu deconv4/2:1 tanh",
    ),
    "encoder of VAEs": (
        vae_networks.vae_encoder(ODD, 5, 4),
        ODD,
        "conv3/2:4 relu conv3/2:8 relu flat linear:128 relu linear:5",
    ),
    "decoder of VAEs": (
        vae_networks.vae_decoder(5, ODD, 4),
        (5,),
        "linear:72 relu image:8x3 deconv3/2:8 relu deconv3/2:4 relu deconv3/1:3 crop:9",
    ),
    "residual encoder": (
        vae_networks.residual_encoder(ODD, 5, 4, 2),
        ODD,
        f"pad conv4/2:4 {block(4)} {block(4)} pad conv4/2:8 {block(8)} {block(8)} "
        "relu flat linear:128 relu linear:5",
    ),
    "residual decoder": (
        vae_networks.residual_decoder(5, ODD, 4, 2),
        (5,),
        f"linear:128 relu linear:72 image:8x3 {block(8)} {block(8)} relu deconv4/2:4 "
        f"{block(4)} {block(4)} relu deconv4/2:3 crop:9",
    ),
    "classifier of grayscale": (
        classifier.cnn((1, 28, 28), 4),
        (1, 28, 28),
        "conv3/1:4 norm relu conv3/2:8 norm relu conv3/2:16 norm relu conv3/2:16 norm relu "
        "flat linear:128 relu",
    ),
    "classifier of color": (
        classifier.resnet((3, 16, 16), 2),
        (3, 16, 16),
        f"conv3/1:2 norm relu conv3/1:4 norm relu pool {residual(4)} conv3/1:8 norm relu pool "
        f"conv3/1:16 norm relu pool {residual(16)} mean",
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_computes_what_its_recipe_says(name):
    net, shape, recipe = NETWORKS[name]
    net = randomized(net)
    x = torch.randn(4, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(net(x), compute(recipe, net, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "size, want",
    [(8, [8, 4, 2]), (9, [9, 5, 3]), (28, [28, 14, 7, 4]), (33, [33, 17, 9, 5, 3])],
)
def test_sizes_are_halved_and_rounded_up_until_4_and_at_least_twice(size, want):
    assert conv.downsampling_sizes(size) == want


def test_every_layer_is_spectrally_normalized_or_none():
    for norm in (None, "batch", "spectral"):
        net = conv.Encoder(ODD, 1, 4, norm=norm)
        layers = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        assert [is_parametrized(m, "weight") for m in layers] == [norm == "spectral"] * 3


def test_conditional_normalization_scales_and_shifts_what_is_normalized_by_the_class():
    norm = conv.ConditionalBatchNorm2d(3, 4)
    assert {name for name, _ in norm.named_parameters()} == {"scale.weight", "shift.weight"}
    x, y = 5 + 2 * torch.randn(8, 3, 2, 2), torch.arange(8) % 4
    normalized = (x - x.mean((0, 2, 3), keepdim=True)) / x.var(
        (0, 2, 3), keepdim=True, correction=0
    ).add(1e-5).sqrt()
    torch.testing.assert_close(norm(x, y), normalized)
    scale, shift = torch.randn(2, 4, 3)
    with torch.no_grad():
        norm.scale.weight.copy_(scale)
        norm.shift.weight.copy_(shift)
    assert sum(w.numel() for w in norm.parameters()) == 2 * 4 * 3
    want = normalized * scale[y][:, :, None, None] + shift[y][:, :, None, None]
    torch.testing.assert_close(norm(x, y), want)


def test_a_conditional_decoder_is_the_plain_one_until_its_classes_differ():
    torch.manual_seed(0)
    plain, conditional = conv.Decoder(5, ODD, 4), conv.Decoder(5, ODD, 4, classes=3)
    shared = {k: v for k, v in plain.state_dict().items() if k in conditional.state_dict()}
    conditional.load_state_dict(shared, strict=False)
    z = torch.randn(6, 5)
    torch.testing.assert_close(plain(z), conditional(z, torch.arange(6) % 3))


def test_a_deep_stack_of_residual_blocks_starts_as_the_identity():
    x = torch.randn(2, 4, 3, 3)
    block = vae_networks.PreActivationBlock(4)
    with torch.no_grad():
        block.second.bias.zero_()
    assert torch.equal(block(x), x) and block.first.weight.std() > 0


def test_dcgans_weights_are_normal_with_deviation_a_fiftieth():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(50, 50, 4),
        nn.ConvTranspose2d(50, 50, 4),
        nn.Linear(200, 200),
        nn.BatchNorm2d(9999),
    )
    conv.initialize_dcgan(net)
    for module, center in zip(net, [0, 0, 0, 1], strict=True):
        assert module.weight.mean().item() == pytest.approx(center, abs=1e-3)
        assert module.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_glorots_weights_are_uniform_with_a_variance_of_both_fans_and_no_bias():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(20, 60, 4), nn.ConvTranspose2d(60, 20, 4), nn.Linear(200, 300))
    conv.initialize_glorot(net)
    for module, fans in zip(net, [80 * 16, 80 * 16, 500], strict=True):
        assert module.weight.var().item() == pytest.approx(2 / fans, rel=0.05)
        assert module.weight.abs().max().item() == pytest.approx((6 / fans) ** 0.5, rel=0.01)
        assert not module.bias.any()
