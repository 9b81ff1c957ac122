"""Losses and scores of GANs from their logits, written out in numpy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from layers import randomized

from genbench import params
from genbench.models.base import registry

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
PLAIN = ["conv_gan", "dcgan", "gan"]
HINGE = ["cgan", "sngan"]
WASSERSTEIN = ["f_anogan", "wgan", "wgan_gp"]
PENALIZED = ["f_anogan", "wgan_gp"]
GANS = [*PLAIN, *HINGE, *WASSERSTEIN]
SHAPE = (3, 9, 9)
PENALTY = 3.0


def build(name):
    args = {"latent_dim": 5, "width": 4} | ({"penalty": PENALTY} if name in PENALIZED else {})
    return registry.build(name, SHAPE, 6, **SHIPPED.build_args(name) | args)


def batch(n=6):
    random = torch.Generator().manual_seed(1)
    return torch.rand(n, *SHAPE, generator=random) * 2 - 1, torch.arange(n) % 6


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def discriminator_loss(name, real, fake):
    """Goodfellow et al. 2014; Miyato et al. 2018, equation 16; Arjovsky et al. 2017."""
    if name in PLAIN:
        loss = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()
        shares = {"real": sigmoid(real).mean(), "fake": sigmoid(fake).mean()}
        return {"loss": loss, **shares, "jensen_shannon": np.log(2) - loss / 2}
    if name in HINGE:
        loss = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
        return {"loss": loss, "real_logit": real.mean(), "fake_logit": fake.mean()}
    distance = real.mean() - fake.mean()
    return {"loss": -distance, "earth_movers_distance": distance}


def gradient_penalty(critic, real, fake):
    """Gulrajani et al. 2017, equation 3, each image at a random point of its own."""
    norms = []
    for a, b, share in zip(real, fake, torch.rand(len(real), 1, 1, 1), strict=True):
        between = (a + share * (b - a))[None].requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between)
        norms.append(gradient.norm().item())
    return np.square(np.array(norms) - 1).mean()


@pytest.mark.parametrize("name", GANS)
def test_the_losses_of_both_players_are_those_of_the_paper_on_the_logits_of_the_same_labels(name):
    model, (x, y) = randomized(build(name)), batch()
    torch.manual_seed(7)
    fake = model.decode(torch.randn(6, 5), y).detach()
    logits = [model.logits(images, y).detach().double().numpy() for images in (x, fake)]
    want = discriminator_loss(name, *logits)
    if name in PENALIZED:
        want["penalty"] = gradient_penalty(model.critic, x, fake)
        want["loss"] += PENALTY * want["penalty"]
    torch.manual_seed(7)
    out = model.loss(model.discriminator_name, x, y)
    assert {k: v.item() for k, v in out.items()} == pytest.approx(want, rel=1e-3, abs=1e-5)
    torch.manual_seed(7)
    out = model.loss("generator", x, y)
    loss = -np.log(sigmoid(logits[1])).mean() if name in PLAIN else -logits[1].mean()
    assert {k: v.item() for k, v in out.items()} == pytest.approx(
        {"loss": loss}, rel=1e-3, abs=1e-5
    )


@torch.no_grad()
@pytest.mark.parametrize("name", GANS)
def test_the_score_is_the_negative_logit_and_the_features_make_the_logit(name):
    model, (x, y) = randomized(build(name)), batch()
    logits = model.logits(x, y)
    player = "critic" if name in WASSERSTEIN else "discriminator"
    own = {"f_anogan", "reconstruction_error"} if name == "f_anogan" else set()
    assert model.scores(x, y).keys() == {player} | own
    torch.testing.assert_close(model.scores(x, y)[player], -logits)
    spread = model.diagnose(x, y)["real_logit_std"].item()
    assert spread == pytest.approx(np.std(logits.numpy(), ddof=1), rel=1e-4)
    network = getattr(model, player)
    head = [m for m in network.modules() if isinstance(m, torch.nn.Linear)][-1]
    want = head(model.features(x, y)).squeeze(1)
    if name == "cgan":
        want = want + (network.embedding(y) * model.features(x, y)).sum(1)
    torch.testing.assert_close(logits, want)
    assert not any(module._forward_pre_hooks for module in network.modules())


@pytest.mark.parametrize("name", ["dcgan", "wgan"])
def test_real_and_generated_images_are_normalized_apart_in_training(name):
    model, (x, y) = build(name), batch()
    fake = model.generate_like(x, y).detach() / 10
    want = [model.logits(x, y), model.logits(fake, y)]
    for got, logits in zip(model.discriminate(x, fake, y), want, strict=True):
        torch.testing.assert_close(got, logits)


def test_the_critic_is_clipped_to_both_sides_from_the_start_and_after_its_own_updates():
    model = build("wgan")
    weights = list(model.critic.parameters())
    assert max(w.abs().max().item() for w in weights) == pytest.approx(model.clip)
    with torch.no_grad():
        for weight in weights:
            weight.copy_(torch.linspace(-1, 1, weight.numel()).view_as(weight))
    before = [w.detach().clone() for w in weights]
    model.after_update("generator")
    assert all(map(torch.equal, weights, before))
    assert model.diagnose(*batch())["clip_saturation"].item() > 0.98
    model.after_update("critic")
    for weight, old in zip(weights, before, strict=True):
        assert torch.equal(weight, old.clamp(-model.clip, model.clip))


@pytest.mark.parametrize("name", GANS)
def test_after_a_short_training_of_the_discriminator_generated_images_have_higher_scores(name):
    torch.manual_seed(0)
    model = build(name)
    pattern = torch.where(torch.rand(SHAPE) < 0.5, -0.8, 0.8)
    player = model.discriminator_name
    optimizer = model.optimizer(model.players()[player])
    optimizer.lr = 0.003
    y = torch.arange(12) % 6
    for _ in range(15):
        x = pattern + 0.1 * torch.randn(12, *SHAPE)
        loss = model.loss(player, x, y)["loss"]
        optimizer.step(torch.autograd.grad(loss, optimizer.parameters))
        model.after_update(player)
    x = pattern + 0.1 * torch.randn(12, *SHAPE)
    with torch.no_grad():
        real, fake = (model.scores(images, y)[player] for images in (x, model.generate_like(x, y)))
    assert fake.mean() > real.mean() + real.std()


@pytest.mark.parametrize("name", GANS)
def test_augmentation_is_of_real_and_generated_images_for_both_players_in_training_alone(name):
    model, (x, y) = build(name), batch()
    fake = model.generate_like(x, y).detach()
    shown = []
    model.generate_like = lambda x, y: fake
    model.logits = lambda x, y: shown.append(x) or (x * 0.1).flatten(1).sum(1)
    model.augmentations = ["cutout"]
    for training in (True, False):
        shown.clear()
        model.train(training)
        for player in (model.discriminator_name, "generator"):
            model.loss(player, x, y)
        seen = torch.cat(shown)
        assert len(seen) == 18  # real and generated ones, then generated ones
        is_cut = (seen == 0).flatten(1).sum(1) >= 3 * 4
        assert is_cut.all() if training else not is_cut.any()
        if not training:
            assert torch.equal(seen, torch.cat([x, fake, fake]))
