"""Laws every model obeys. A new file in models/ is tested by existing."""

import importlib
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from scipy.stats import kstest

from genbench import params
from genbench.models.base import registry, sampling
from genbench.models.base.adversarial import GAN
from genbench.models.base.interface import GenerativeModel
from genbench.utils import seeds

SHAPES = [(1, 8, 8), (3, 9, 9)]
SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
MODELS = {name: importlib.import_module(f"genbench.models.{name}").Model for name in registry.NAMES}
GANS = [name for name, model in MODELS.items() if issubclass(model, GAN)]


@pytest.fixture(params=itertools.product(registry.NAMES, SHAPES), ids=str)
def case(request):
    """A model, images in [-1, 1] and labels."""
    name, shape = request.param
    torch.manual_seed(0)
    x, y = torch.rand(4, *shape) * 2 - 1, torch.arange(4)
    args = SHIPPED.build_args(name) | {"width": 8}
    return registry.build(name, shape, classes=10, **args), x, y


def test_every_parameter_has_one_owner_who_is_updated(case):
    model, *_ = case
    owned = [id(p) for own in model.players().values() for p in own]
    assert sorted(owned) == sorted(id(p) for p in model.parameters())
    assert set(model.update_order) == set(model.players())


def test_the_loss_of_a_player_reaches_all_of_its_parameters(case):
    model, x, y = case
    for player, own in model.players().items():
        grads = torch.autograd.grad(model.loss(player, x, y)["loss"], own, allow_unused=True)
        assert all(g is not None and g.isfinite().all() for g in grads)


def test_images_codes_and_features_have_their_shapes_and_range(case):
    model, x, y = case
    images = model.eval().decode(10 * torch.randn(4, model.latent_dim), y)
    assert images.shape == x.shape and images.abs().max() <= 1
    codes = model.encode(x, y)
    assert codes is None or codes.shape == (4, model.latent_dim)
    assert model.features(x, y).shape[:-1] == (4,)


def test_a_score_does_not_depend_on_the_images_beside_it(case):
    model, x, y = case
    together = model.eval().scores(x, y)
    assert all(score.shape == (4,) and score.isfinite().all() for score in together.values())
    alone = [model.scores(x[i : i + 1], y[i : i + 1]) for i in range(4)]
    for name, score in together.items():
        assert torch.cat([a[name] for a in alone]).tolist() == pytest.approx(score.tolist(), 1e-4)


def test_an_image_does_not_depend_on_the_images_made_with_it(case):
    model, _, y = case
    z = seeds.sample_latents(101, model.latent_dim, seed=0) * 3
    y = np.resize(y.numpy(), 101)
    many = sampling.decode(model.eval(), z, y)
    for n in (1, 64):
        assert np.array_equal(sampling.decode(model, z[:n], y[:n]), many[:n])


@torch.no_grad()
def test_all_that_a_conditional_model_does_depends_on_the_label_and_else_nothing(case):
    model, x, y = case
    for weight in model.parameters():  # conditional layers may start as unconditional ones
        weight.add_(0.05 * torch.randn_like(weight))
    z = torch.randn(1, model.latent_dim)
    # one by one: the rows of a batch of 10 are not all rounded alike on every processor
    images = torch.cat([model.eval().decode(z, label[None]) for label in torch.arange(10)])
    assert len(images.flatten(1).unique(dim=0)) == (10 if model.conditional else 1)
    for function in (
        model.encode,
        model.negative_elbo,
        model.scores,
        lambda x, y: losses(model, x, y),
    ):
        first, second = (function(x, labels) for labels in (y, y + 5))
        if isinstance(first, torch.Tensor):
            first, second = {"": first}, {"": second}
        for name in first or {}:
            assert torch.equal(first[name], second[name]) != model.conditional, name


def losses(model, x, y):
    torch.manual_seed(0)
    return {player: model.loss(player, x, y)["loss"] for player in model.players()}


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


@pytest.mark.parametrize("name", GANS)
def test_discriminating_real_and_generated_images_together_mixes_nothing(name):
    torch.manual_seed(0)
    model = registry.build(name, (3, 9, 9), classes=10, **SHIPPED.build_args(name) | {"width": 8})
    x, y = torch.rand(4, 3, 9, 9) * 2 - 1, torch.arange(4)
    for module in model.modules():  # dropout and power iterations would differ, and may
        module.training = isinstance(module, torch.nn.BatchNorm2d)
    fake = model.generate_like(x, y)
    alone = [model.logits(v, y) for v in (x, fake)]
    for got, want in zip(model.discriminate(x, fake, y), alone, strict=True):
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("shape", [(3, 37, 37), (1, 64, 64)], ids=str)
def test_any_square_size_from_8_to_64_works(name, shape):
    args = SHIPPED.build_args(name) | {"width": 4}
    model = registry.build(name, shape, classes=3, **args).eval()
    y = torch.zeros(2, dtype=torch.long)
    assert model.decode(torch.zeros(2, model.latent_dim), y).shape == (2, *shape)
    model.train()
    assert model.loss(model.update_order[0], torch.zeros(2, *shape), y)["loss"].isfinite()


class Striped(GenerativeModel):
    """Generates images whose variation is known, and keeps what they are made from."""

    def __init__(self, images):
        super().__init__()
        self.images, self.latent_dim, self.made_from = images, 3, []

    def decode(self, z, y):
        self.made_from.append((z, y))
        return self.images

    def loss(self, player, x, y):
        raise NotImplementedError

    features = loss


def test_diversity_is_the_ratio_of_distances_within_generated_and_within_real_images():
    torch.manual_seed(0)
    shift = torch.arange(4.0).view(1, 1, 2, 2)  # a difference of pixels, not of images
    x, fake = 2 * torch.randn(50, 1, 2, 2) + shift, torch.randn(200, 1, 2, 2) + 5 * shift
    model, y = Striped(fake), torch.arange(50) % 7
    got = model.diagnose(x, y)["diversity"].item()
    near, far = (np.square(pdist(images.flatten(1))).mean() for images in (fake, x))
    assert got == pytest.approx((near / far) ** 0.5, rel=1e-5)
    ((z, labels),) = model.made_from
    assert torch.equal(labels, y.repeat(4))
    assert kstest(z.flatten(), "norm").pvalue > 0.01
