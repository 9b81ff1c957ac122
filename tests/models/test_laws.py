"""Laws every model obeys. A new file in models/ is tested by existing.

`make check MODEL=mine` tests a model of the user's own, and nothing else.
"""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench import params
from genbench.models.base import plugins, registry, sampling
from genbench.models.base.adversarial import GAN
from genbench.utils import seeds
from genbench.utils.errors import InputError

SHAPES = [(1, 8, 8), (3, 9, 9)]
SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")


def pytest_generate_tests(metafunc):
    """All of genbench's models, or the one that was asked for."""
    names = registry.NAMES
    if asked := metafunc.config.getoption("--model"):
        choices = SHIPPED.model_copy(update={"models": [asked]})
        try:
            registry.check_names(choices)
        except InputError as error:
            raise pytest.UsageError(str(error)) from None
        names = [asked]
    if "case" in metafunc.fixturenames:
        cases = [*itertools.product(names, SHAPES)]
        metafunc.parametrize("case", cases, ids=map(str, cases), indirect=True)
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names)


def build(name, shape, classes, width):
    args = SHIPPED.build_args(name) | {"width": width}
    if class_path := SHIPPED.class_path(name):
        args |= {"class_path": class_path, "code": plugins.own_code(name, class_path).source()}
    return registry.build(name, shape, classes, **args)


@pytest.fixture
def case(request):
    """A model, images in [-1, 1] and labels."""
    name, shape = request.param
    torch.manual_seed(0)
    x, y = torch.rand(4, *shape) * 2 - 1, torch.arange(4)
    return build(name, shape, 10, width=8), x, y


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
    errors = model.error_map(x, y)
    assert codes is None or (errors.shape == (4, *x.shape[2:]) and errors.min() >= 0)
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
    assert (bound is None) == ("negative_elbo" not in scores) == (model.likelihood_kind is None)
    if bound is not None:
        torch.testing.assert_close(bound, scores["negative_elbo"])


def test_discriminating_real_and_generated_images_together_mixes_nothing(case):
    model, x, y = case
    if not isinstance(model, GAN):
        pytest.skip("no GAN")
    for module in model.modules():  # dropout and power iterations would differ, and may
        module.training = isinstance(module, torch.nn.BatchNorm2d)
    fake = model.generate_like(x, y)
    alone = [model.logits(v, y) for v in (x, fake)]
    for got, want in zip(model.discriminate(x, fake, y), alone, strict=True):
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize("shape", [(3, 37, 37), (1, 64, 64)], ids=str)
def test_any_square_size_from_8_to_64_works(name, shape):
    model = build(name, shape, 3, width=4).eval()
    y = torch.zeros(2, dtype=torch.long)
    assert model.decode(torch.zeros(2, model.latent_dim), y).shape == (2, *shape)
    model.train()
    assert model.loss(model.update_order[0], torch.zeros(2, *shape), y)["loss"].isfinite()
