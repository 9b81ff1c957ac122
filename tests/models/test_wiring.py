"""What every model is made of: networks, optimizers, order of updates, first weights, averages."""

from pathlib import Path

import pytest
import torch
from layers import compute, randomized
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from genbench import params
from genbench.models.base import registry
from genbench.networks import optimizers
from genbench.networks.conv import Decoder, Encoder, mlp
from genbench.networks.vae_networks import (
    residual_decoder,
    residual_encoder,
    vae_decoder,
    vae_encoder,
)

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
SHAPE = (3, 9, 9)
GANS = ["cgan", "conv_gan", "dcgan", "f_anogan", "gan", "sngan", "wgan", "wgan_gp"]
WASSERSTEIN = ["f_anogan", "wgan", "wgan_gp"]
VAES = ["beta_tc_vae", "beta_vae", "cvae", "flow_vae", "hvae", "res_vae", "vae"]


def build(name, shape=SHAPE, **changes):
    torch.manual_seed(0)
    small = {"latent_dim": 5, "width": 4}
    return registry.build(name, shape, 6, **SHIPPED.build_args(name) | small | changes)


# optimizers: betas of GANs by Radford et al. 2016 section 4, of WGAN-GP by Gulrajani et al. 2017
# algorithm 1, RMSprop by Arjovsky et al. 2017 algorithm 1, torch's betas for VAEs
BETAS = dict.fromkeys(GANS, (0.5, 0.999)) | {"wgan_gp": (0.0, 0.9), "wgan": None}
BETAS |= {"f_anogan": BETAS["wgan_gp"]}
BETAS |= dict.fromkeys(VAES, (0.9, 0.999))


@pytest.mark.parametrize("name", BETAS)
def test_every_player_has_the_optimizer_of_its_paper_with_the_learning_rate_of_params(name):
    model = build(name, lr=0.125)
    for own in model.players().values():
        optimizer = model.optimizer(own)
        assert optimizer.lr == 0.125
        assert all(a is b for a, b in zip(optimizer.parameters, own, strict=True))
        if BETAS[name]:
            assert isinstance(optimizer, optimizers.Adam) and optimizer.betas == BETAS[name]
            assert optimizer.decay_steps is None
        else:
            assert isinstance(optimizer, optimizers.RMSprop)


@pytest.mark.parametrize("name", BETAS)
def test_a_discriminator_takes_as_many_steps_as_asked_for_before_its_generator(name):
    (key,) = [k for k in SHIPPED.zoo[name] if k in ("n_critic", "d_steps_per_g_step")] or [None]
    model = build(name, **{key: 3} if key else {})
    first = "critic" if name in WASSERSTEIN else "discriminator"
    want = (first,) * (3 if key else 1) + ("generator",) if name in GANS else ("model",)
    assert model.update_order == want + ("encoder",) * (name == "f_anogan")


def adversarial(norm, player="discriminator"):
    return {"generator": Decoder(5, SHAPE, 4), player: Encoder(SHAPE, 1, 4, norm=norm)}


CLASSIC = {"encoder": vae_encoder(SHAPE, 10, 4), "decoder": vae_decoder(5, SHAPE, 4)}
NETWORKS = {
    "dcgan": adversarial("batch"),
    "wgan": adversarial("batch", "critic"),
    "wgan_gp": adversarial(None, "critic"),
    "f_anogan": adversarial(None, "critic") | {"encoder": Encoder(SHAPE, 5, 4, norm="batch")},
    "sngan": adversarial("spectral"),
    "cgan": {
        "generator": Decoder(5, SHAPE, 4, classes=6),
        "discriminator.body": Encoder(SHAPE, None, 4, norm="spectral"),
        "discriminator.head": spectral_norm(nn.Linear(8 * 3 * 3, 1)),
        "discriminator.embedding": spectral_norm(nn.Embedding(6, 8 * 3 * 3)),
    },
    "vae": CLASSIC,
    "beta_vae": CLASSIC,
    "beta_tc_vae": CLASSIC,
    "flow_vae": CLASSIC | {f"flow.{i}.net": mlp(5, 16, 16, 10) for i in range(6)},
    "cvae": {
        "encoder": vae_encoder((3 + 6, 9, 9), 10, 4),
        "decoder": vae_decoder(5 + 6, SHAPE, 4),
    },
    "res_vae": {
        "encoder": residual_encoder(SHAPE, 10, 4, 2),
        "decoder": residual_decoder(5, SHAPE, 4, 2),
    },
    "hvae": {
        "encoder": vae_encoder(SHAPE, 1, 4)[:-1],
        "decoder": vae_decoder(128, SHAPE, 4),
        "up.0": mlp(128, 128, 128),
        "layers.1.prior": mlp(128, 128, 10),
        "layers.1.mix": mlp(128, 128, 128),
    },
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_is_made_of_the_networks_of_its_paper(name):
    model = build(name)
    for attribute, network in NETWORKS[name].items():
        assert repr(model.get_submodule(attribute)) == repr(network), attribute
    if name == "hvae":
        assert model.layers[0].prior is None


# the networks of these two are their own
RECIPES = {
    "gan": {
        "generator": "linear:32 leaky linear:64 leaky linear:243 tanh image:3x9",
        "discriminator": "flat linear:64 leaky linear:32 leaky linear:1",
    },
    "conv_gan": {
        "generator": "linear:144 leaky image:16x3 deconv4/2:16 leaky deconv4/2:16 leaky "
        "conv7/1:3 sigmoid crop:9",
        "discriminator": "conv3/2:8 leaky conv3/2:8 leaky flat linear:1",
    },
}


@torch.no_grad()
@pytest.mark.parametrize("name", RECIPES)
def test_a_model_with_networks_of_its_own_computes_what_their_recipes_say(name):
    model = build(name)
    for attribute, recipe in RECIPES[name].items():
        network = randomized(getattr(model, attribute))
        x = torch.randn(4, *((5,) if attribute == "generator" else SHAPE))
        want = compute(recipe, network, x)
        torch.testing.assert_close(network(x), want, rtol=1e-4, atol=1e-5)
    rates = [m.p for m in model.modules() if isinstance(m, nn.Dropout)]
    assert rates == ([0.4, 0.4] if name == "conv_gan" else [])


def test_the_dropout_of_the_conv_gan_is_that_of_params():
    rates = [m.p for m in build("conv_gan", dropout=0.25).modules() if hasattr(m, "p")]
    assert rates == [0.25, 0.25]


@pytest.mark.parametrize("name", ["conv_gan", "dcgan", "wgan"])
def test_first_weights_are_those_of_the_models_source(name):
    model = build(name, (3, 8, 8), latent_dim=40, width=16)
    for layer in (model.generator[0], getattr(model, model.discriminator_name)[0]):
        weight = layer.weight
        fans = (weight.shape[0] + weight.shape[1]) * weight[0, 0].numel()
        want = (2 / fans) ** 0.5 if name == "conv_gan" else 0.02
        if name == "wgan" and layer is not model.generator[0]:  # clipped at half a deviation
            assert (weight.abs() < model.clip).float().mean().item() == pytest.approx(
                0.383, abs=0.1
            )
        else:
            assert weight.std().item() == pytest.approx(want, rel=0.1)
            assert name != "conv_gan" or not layer.bias.any()


@pytest.mark.parametrize("name", registry.NAMES)
def test_all_that_samples_come_from_is_averaged_and_of_a_vae_all_that_it_is(name):
    model = build(name)
    x, y = torch.rand(4, *SHAPE) * 2 - 1, torch.arange(4)
    outputs = model.decode(torch.randn(4, model.latent_dim), y).sum()
    if "generator" not in model.averaged:  # encoder and decoder must fit each other
        outputs = outputs + sum(score.sum() for score in model.scores(x, y).values())
    if (codes := model.encode(x, y)) is not None:
        outputs = outputs + codes.sum()
    gradients = torch.autograd.grad(outputs, list(model.parameters()), allow_unused=True)
    used = {
        key.split(".")[0]
        for (key, _), gradient in zip(model.named_parameters(), gradients, strict=True)
        if gradient is not None
    }
    assert used == {
        name for name in model.averaged if any(True for _ in getattr(model, name).parameters())
    }
