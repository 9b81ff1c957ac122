"""Laws every model obeys. A new file in models/ is tested by existing."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench import params
from genbench.models.base import registry, sampling
from genbench.models.base.adversarial import GAN
from genbench.utils import seeds
from genbench.utils.errors import InputError

SHAPES = [(1, 8, 8), (3, 12, 12)]
SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")


@pytest.fixture(params=itertools.product(registry.NAMES, SHAPES), ids=str)
def case(request):
    """A model, images in [-1, 1] and labels."""
    name, shape = request.param
    torch.manual_seed(0)
    x, y = torch.rand(4, *shape) * 2 - 1, torch.arange(4)
    return registry.build(name, shape, classes=10, **SHIPPED.build_args(name)), x, y


def test_every_parameter_has_one_owner(case):
    model, *_ = case
    owned = [id(p) for own in model.players().values() for p in own]
    assert sorted(owned) == sorted(id(p) for p in model.parameters())


def test_every_player_is_updated(case):
    model, *_ = case
    assert set(model.update_order) == set(model.players())


def test_the_loss_of_a_player_reaches_all_of_its_parameters(case):
    model, x, y = case
    for player, own in model.players().items():
        grads = torch.autograd.grad(model.loss(player, x, y)["loss"], own, allow_unused=True)
        assert all(g is not None and g.isfinite().all() for g in grads)


def test_decoded_images_have_the_shape_and_range_of_images(case):
    model, x, y = case
    images = model.eval().decode(10 * torch.randn(4, model.latent_dim), y)
    assert images.shape == x.shape and images.abs().max() <= 1


def test_codes_are_latents_or_absent(case):
    model, x, y = case
    codes = model.eval().encode(x, y)
    assert codes is None or codes.shape == (4, model.latent_dim)


def test_scores_are_one_finite_number_per_image(case):
    model, x, y = case
    for name, score in model.eval().scores(x, y).items():
        assert score.shape == (4,) and score.isfinite().all(), name


def test_a_score_does_not_depend_on_the_images_beside_it(case):
    model, x, y = case
    together = model.eval().scores(x, y)
    alone = [model.scores(x[i : i + 1], y[i : i + 1]) for i in range(4)]
    for name, score in together.items():
        assert torch.cat([a[name] for a in alone]).tolist() == pytest.approx(score.tolist(), 1e-4)


def test_an_image_does_not_depend_on_the_images_made_with_it(case):
    model, _, y = case
    z = seeds.sample_latents(130, model.latent_dim, seed=0) * 3
    y = np.resize(y.numpy(), 130)
    many = sampling.decode(model.eval(), z, y)
    for n in (1, 64, 101):
        assert np.array_equal(sampling.decode(model, z[:n], y[:n]), many[:n])


def test_an_image_depends_on_its_label_if_the_model_says_so(case):
    model, *_ = case
    with torch.no_grad():
        for weight in model.parameters():  # conditional layers may start as unconditional ones
            weight.add_(0.05 * torch.randn_like(weight))
        z = torch.randn(1, model.latent_dim)
        # one by one: the rows of a batch of 10 are not all rounded alike on every processor
        images = torch.cat([model.eval().decode(z, label[None]) for label in torch.arange(10)])
    assert len(images.flatten(1).unique(dim=0)) == (10 if model.conditional else 1)


def test_diagnostics_are_finite_scalars_and_change_nothing(case):
    model, x, y = case
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        diagnostics = model.eval().diagnose(x, y)
    assert diagnostics["diversity"] >= 0
    assert all(value.shape == () and value.isfinite() for value in diagnostics.values())
    assert all(torch.equal(value, before[k]) for k, value in model.state_dict().items())


def test_a_bound_is_the_sum_that_a_score_is_made_of_or_absent(case):
    model, x, y = case
    with torch.no_grad():
        bound, scores = model.eval().negative_elbo(x, y), model.scores(x, y)
    assert (bound is None) == ("negative_elbo" not in scores)
    if bound is not None:
        torch.testing.assert_close(bound, scores["negative_elbo"])


@torch.no_grad()
def test_averaged_networks_exist_and_serve_sampling_and_scoring(case):
    model, x, y = case
    z = torch.randn(4, model.latent_dim)

    def outputs():
        return torch.cat([model.decode(z, y).flatten(), *model.scores(x, y).values()])

    model.eval()
    for name in model.averaged:
        before = outputs()
        for weight in (weights := list(getattr(model, name).parameters())):
            weight.add_(1)
        assert not weights or not torch.equal(outputs(), before), name
    assert "generator" in model.averaged or set(model.averaged) >= {"encoder", "decoder"}


def test_discriminating_real_and_generated_images_together_mixes_nothing(case):
    model, x, y = case
    if not isinstance(model, GAN):
        pytest.skip("has no discriminator")
    for module in model.modules():  # dropout and power iterations would differ, and may
        module.training = isinstance(module, torch.nn.BatchNorm2d)
    fake = model.generate_like(x, y)
    alone = [model.logits(v, y) for v in (x, fake)]
    for got, want in zip(model.discriminate(x, fake, y), alone, strict=True):
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("shape", [(1, 9, 9), (3, 37, 37)], ids=str)
def test_any_square_size_from_8_to_64_works(name, shape):
    model = registry.build(name, shape, classes=3, **SHIPPED.build_args(name)).eval()
    y = torch.zeros(2, dtype=torch.long)
    assert model.decode(torch.zeros(2, model.latent_dim), y).shape == (2, *shape)
    model.train()
    assert model.loss(model.update_order[0], torch.zeros(2, *shape), y)["loss"].isfinite()


@pytest.mark.parametrize("shape", [(1, 7, 7), (1, 65, 65), (2, 8, 8), (1, 8, 9)], ids=str)
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match="square, 8 to 64 pixels, with 1 or 3 channels; got"):
        registry.build("vae", shape, classes=3, **SHIPPED.build_args("vae"))


@pytest.mark.parametrize(
    "name, change, line",
    [
        ("wgan", {"lrr": 0.1}, r"zoo.wgan.lrr is not a known key; the keys are .*n_critic"),
        ("wgan", {"lr": "fast"}, r"zoo.wgan.lr must be float, got 'fast'"),
        ("wgan", {"n_critic": 5.0}, r"zoo.wgan.n_critic must be int, got 5.0"),
        ("wgan", {"n_critic": 0}, r"zoo.wgan.n_critic must be at least 1, got 0"),
        ("wgan", {"clip": -1.0}, r"zoo.wgan.clip must be above 0"),
        ("vae", {"kl_warmup_images": -1}, "zoo.vae.kl_warmup_images must be at least 0, got -1"),
        ("beta_vae", {"beta": -1.0}, "zoo.beta_vae.beta must be at least 0, got -1.0"),
        ("beta_vae", {"capacity_images": 0}, "zoo.beta_vae.capacity_images must be at least 1"),
        ("res_vae", {"blocks": 0}, "zoo.res_vae.blocks must be at least 1, got 0"),
        ("flow_vae", {"couplings": 0}, "zoo.flow_vae.couplings must be at least 1, got 0"),
        ("hvae", {"layers": 1}, "zoo.hvae.layers must be at least 2, got 1"),
        ("conv_gan", {"dropout": 1.0}, "zoo.conv_gan.dropout must be at least 0 and below 1"),
        ("sngan", {"d_steps_per_g_step": 0}, "zoo.sngan.d_steps_per_g_step must be at least 1"),
    ],
)
def test_a_wrong_value_names_its_key(name, change, line):
    with pytest.raises(InputError, match=line):
        registry.build(name, (1, 8, 8), 10, **SHIPPED.build_args(name) | change)


def test_a_missing_key_is_named():
    args = SHIPPED.build_args("wgan")
    del args["clip"]
    with pytest.raises(InputError, match=r"zoo.wgan.clip is missing"):
        registry.build("wgan", (1, 8, 8), 10, **args)


def test_a_wrong_word_is_answered_with_the_allowed_ones():
    args = SHIPPED.build_args("vae") | {"likelihood": "cauchy"}
    with pytest.raises(
        InputError, match="must be one of auto, bernoulli, gaussian, logistic; got 'cauchy'"
    ):
        registry.build("vae", (1, 8, 8), 10, **args)
