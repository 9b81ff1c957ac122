"""From networks to losses, and from losses to scores, codes and images: laws over all models."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from genbench import params
from genbench.models.base import registry, sampling
from genbench.models.base.adversarial import GAN, HingeGAN, WassersteinGAN
from genbench.models.base.variational import VAE
from genbench.networks.optimizers import Adam, RMSprop
from genbench.training.loader import InMemoryLoader
from genbench.training.loop import Schedule, train
from genbench.training.state import TrainerState

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
SETTINGS = {
    "gan": (Adam, (0.5, 0.999), 1),
    "conv_gan": (Adam, (0.5, 0.999), 1),
    "dcgan": (Adam, (0.5, 0.999), 1),
    "sngan": (Adam, (0.5, 0.999), 3),
    "cgan": (Adam, (0.5, 0.999), 3),
    "wgan": (RMSprop, None, 4),
    "wgan_gp": (Adam, (0.0, 0.9), 4),
}
"""The optimizer of each GAN, its betas, and the discriminator's steps that `build` asks for."""
STEPS = {"wgan": {"n_critic": 4}, "wgan_gp": {"n_critic": 4}}
STEPS |= {name: {"d_steps_per_g_step": 3} for name in ("sngan", "cgan")}
GANS = list(SETTINGS)
VAES = [name for name in registry.NAMES if name not in SETTINGS]


def build(name, **changes):
    """A small model with moved weights: nothing is 0 or the identity as it was built."""
    torch.manual_seed(0)
    args = SHIPPED.build_args(name) | {"width": 4, "latent_dim": 4, "lr": 0.003}
    model = registry.build(name, (1, 8, 8), 10, **args | STEPS.get(name, {}) | changes)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return model.eval()


def batch(n=6):
    random = torch.Generator().manual_seed(1)
    return torch.rand(n, 1, 8, 8, generator=random) * 2 - 1, torch.arange(n)


@pytest.mark.parametrize("name", registry.NAMES)
def test_optimizer_learning_rate_and_steps_are_those_of_the_paper_and_of_params(name):
    kind, betas, steps = SETTINGS.get(name, (Adam, (0.9, 0.999), 0))
    model = build(name)
    for own in model.players().values():
        optimizer = model.optimizer(own)
        assert type(optimizer) is kind and optimizer.lr == 0.003
        assert getattr(optimizer, "betas", None) == betas
    order = ("model",) if name in VAES else (model.discriminator_name,) * steps + ("generator",)
    assert model.update_order == order
    networks = {child for child, _ in model.named_children()}
    assert set(model.averaged) == (networks if name in VAES else {"generator"})


@pytest.mark.parametrize("name", GANS)
def test_the_loss_of_a_discriminator_is_made_of_its_logits(name):
    model, (x, y) = build(name), batch()
    torch.manual_seed(5)
    out = model.loss(model.discriminator_name, x, y)
    torch.manual_seed(5)
    fake = model.decode(torch.randn(len(x), 4), y)
    real, fake = model.logits(x, y), model.logits(fake, y)
    if isinstance(model, WassersteinGAN):
        distance = real.mean() - fake.mean()
        want = {"loss": -distance, "earth_movers_distance": distance}
        if name == "wgan_gp":
            want["penalty"] = out["penalty"]
            want["loss"] = want["loss"] + 10.0 * out["penalty"]
    elif isinstance(model, HingeGAN):
        loss = (1 - real).clamp_min(0).mean() + (1 + fake).clamp_min(0).mean()
        want = {"loss": loss, "real_logit": real.mean(), "fake_logit": fake.mean()}
    else:
        loss = softplus(-real).mean() + softplus(fake).mean()
        want = {"loss": loss, "real": real.sigmoid().mean(), "fake": fake.sigmoid().mean()}
        want["jensen_shannon"] = np.log(2) - loss / 2
    assert out.keys() == want.keys()
    for part, value in want.items():
        assert out[part].item() == pytest.approx(value.item(), rel=1e-4, abs=1e-6), part


def test_the_gradient_penalty_is_between_real_and_generated_images():
    model, (x, y) = build("wgan_gp"), batch()
    critic, points = model.critic, []
    critic.register_forward_pre_hook(lambda _, args: points.append(args[0].detach()))
    torch.manual_seed(5)
    model.loss("critic", x, y)
    torch.manual_seed(5)
    fake = model.decode(torch.randn(len(x), 4), y).detach()
    shares = ((points[0] - x) / (fake - x)).flatten(1)
    torch.testing.assert_close(shares, shares[:, :1].expand_as(shares), rtol=1e-2, atol=1e-2)
    assert 0 <= shares.min() and shares.max() <= 1 and shares[:, 0].unique().numel() == len(x)


@pytest.mark.parametrize("name", GANS)
def test_the_generator_raises_the_logits_of_its_images_and_scores_are_their_negatives(name):
    model, (x, y) = build(name), batch()
    torch.manual_seed(5)
    loss = model.loss("generator", x, y)["loss"].item()
    torch.manual_seed(5)
    logits = model.logits(model.decode(torch.randn(len(x), 4), y), y)
    plain = not isinstance(model, HingeGAN | WassersteinGAN)
    want = softplus(-logits).mean() if plain else -logits.mean()
    assert loss == pytest.approx(want.item(), rel=1e-4, abs=1e-6)
    (score,) = model.scores(x, y).items()
    assert score[0] == model.discriminator_name
    torch.testing.assert_close(score[1], -model.logits(x, y))
    deviation = model.diagnose(x, y)["real_logit_std"].item()
    assert deviation == pytest.approx(model.logits(x, y).std().item(), rel=1e-4)
    assert model.features(x, y).shape == (6, model.features(x[:1], y[:1]).shape[1])


@pytest.mark.parametrize("name", [n for n in GANS if n != "cgan"])
def test_features_of_a_gan_are_what_its_last_layer_makes_the_logit_of(name):
    model, (x, y) = build(name), batch()
    network = getattr(model, model.discriminator_name)
    *_, last = (m for m in network.modules() if isinstance(m, torch.nn.Linear))
    torch.testing.assert_close(last(model.features(x, y)).squeeze(1), model.logits(x, y))


@pytest.mark.parametrize("name", ["dcgan", "wgan"])
def test_batch_statistics_do_not_mix_real_and_generated_images(name):
    model, (x, y) = build(name).train(), batch()
    torch.manual_seed(5)
    first = model.loss(model.discriminator_name, x, y)
    torch.manual_seed(5)
    fake = model.generate_like(x, y)
    real, fake = model.logits(x, y), model.logits(fake, y)
    want = model.discriminator_loss(real, fake)["loss"].item()
    assert first["loss"].item() == pytest.approx(want, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", VAES)
def test_the_loss_of_a_vae_weighs_its_kl_and_the_recorded_bound_does_not(name):
    model, (x, y) = build(name, kl_warmup_images=24).train(), batch()
    changes = {"beta_vae": {"beta": 3.0}, "res_vae": {"perceptual": 2.0}}.get(name, {})
    for key, value in changes.items():
        setattr(model, key, value)
    model.perceptual_features = (lambda v: v.flatten(1)[:, :5]) if name == "res_vae" else None
    out = model.loss("model", x, y)
    parts = {key: value.item() for key, value in out.items()}
    assert parts["negative_elbo"] == pytest.approx(parts["reconstruction"] + parts["kl"], rel=1e-5)
    kl = 0.25 * parts["kl"] * changes.get("beta", 1)
    perceptual = 2 * parts["perceptual"] if name == "res_vae" else 0
    assert parts["loss"] == pytest.approx(parts["reconstruction"] + kl + perceptual, rel=1e-5)
    assert parts["bits_per_dim"] == pytest.approx(parts["negative_elbo"] / 64 / np.log(2), rel=1e-4)


@pytest.mark.parametrize("name", VAES)
@pytest.mark.parametrize("kind", ["bernoulli", "gaussian", "logistic"])
def test_images_and_scores_of_a_vae_come_from_its_likelihood(name, kind):
    model, (x, y) = build(name, likelihood=kind), batch()
    with torch.no_grad():
        z = torch.randn(6, model.latent_dim)
        output = model.likelihood_params(model.decoder_input(z, y), y)
        mean = 2 / (1 + (-output).exp()) - 1 if kind == "bernoulli" else output.clamp(-1, 1)
        torch.testing.assert_close(model.decode(z, y), mean)
        encoded, (noise,) = model.encoder_output(x, y), model.per_image_noise(x, 1)
        want = {"negative_elbo": 0, "reconstruction_error": 0, "kl": 0}
        for e in (noise, -noise):
            nll, kls = model.nll_and_kl(x, y, encoded, e)
            decoder_input, _ = model.sample_posterior(encoded, e)
            mean = model.likelihood.mean(model.likelihood_params(decoder_input, y))
            want["kl"] += sum(kls.values()) / 2
            want["negative_elbo"] += (nll + sum(kls.values())) / 2
            want["reconstruction_error"] += (mean - x).square().sum((1, 2, 3)) / 2
        scores = model.scores(x, y)
        assert list(scores) == list(want)
        for score, values in want.items():
            torch.testing.assert_close(scores[score], values)
        torch.testing.assert_close(model.negative_elbo(x, y), want["negative_elbo"])


@pytest.mark.parametrize("name", registry.NAMES)
def test_codes_scores_and_images_depend_on_the_label_if_the_model_says_so(name):
    model, (x, y) = build(name), batch()
    other = (y + 1) % 10
    with torch.no_grad():
        pairs = [tuple(model.decode(torch.ones(6, model.latent_dim), v) for v in (y, other))]
        scores = model.scores(x, y), model.scores(x, other)
        pairs += [(scores[0][name], scores[1][name]) for name in scores[0]]
        if model.encode(x, y) is not None:
            pairs.append((model.encode(x, y), model.encode(x, other)))
    for a, b in pairs:
        assert torch.equal(a, b) != model.conditional
    if model.conditional and model.encode(x, y) is not None:
        x8 = x.add(1).mul(127.5).round().byte().numpy()
        codes = sampling.encode(model, x8, other.numpy())
        assert not np.allclose(codes, sampling.encode(model, x8, y.numpy()))


@pytest.mark.parametrize("name", ["gan", "wgan_gp", "sngan", "vae", "flow_vae"])
def test_after_a_short_training_stranger_images_score_higher(name):
    random = torch.Generator().manual_seed(0)
    x = torch.randint(0, 40, (200, 1, 8, 8), generator=random, dtype=torch.uint8)
    x[:, :, 2:6, 2:6] += 200
    model, y = build(name), torch.zeros(200, dtype=torch.long)
    steps = len(model.update_order)
    train(TrainerState(model, InMemoryLoader(x, y, 32, seed=0)), Schedule(images=3200 * steps))
    scored = [next(iter(model.scores(v / 127.5 - 1, y).values())) for v in (x, 255 - x)]
    assert (scored[1][:, None] > scored[0]).float().mean() > 0.9


def test_diversity_is_the_root_of_the_ratio_of_variances():
    model, (x, y) = build("vae"), batch(50)
    model.decode = lambda z, y: 0.5 * x[torch.arange(len(z)) % 50]
    assert model.diagnose(x, y)["diversity"].item() == pytest.approx(0.5, rel=0.02)
    seen = []
    model.decode = lambda z, y: seen.append(y) or z.new_zeros(len(z), 1, 8, 8)
    model.diagnose(x, y)
    assert seen[0].tolist() == y.tolist() * 4
    assert isinstance(model, VAE) and not isinstance(model, GAN)


def test_the_grid_of_samples_has_the_first_ones_and_labels_go_round():
    x = np.arange(120, dtype=np.uint8).repeat(64).reshape(120, 1, 8, 8)
    picture = sampling.sample_grid(x)
    assert picture[::66, ::66, 0].ravel().tolist() == list(range(100))
    assert sampling.labels(5, 3).tolist() == [0, 1, 2, 0, 1]
