"""Losses, bounds and scores of VAEs from the outputs of their networks, written out in numpy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit, xlogy
from scipy.stats import norm

from genbench import params
from genbench.models.base import registry

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
VAES = [name for name in registry.NAMES if "kl_warmup_images" in SHIPPED.zoo[name]]
SHAPE = (1, 9, 9)
CLASSES = 6
# a quarter of the warm-up and half of the annealing are over
SEEN = 50
CHOICES = {"kl_warmup_images": 200}
BETA_CHOICES = {"beta": 3.0, "capacity": 8.0, "capacity_images": 100}


def build(name, **changes):
    args = SHIPPED.build_args(name) | {"latent_dim": 4, "width": 4} | CHOICES | changes
    torch.manual_seed(0)
    model = registry.build(name, SHAPE, CLASSES, **args)
    model.images_seen.fill_(SEEN)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return model.eval()


def batch(n=6):
    random = torch.Generator().manual_seed(1)
    return torch.rand(n, *SHAPE, generator=random) * 2 - 1, torch.arange(n).flip(0) % CLASSES


def one_hot(y):
    return np.eye(CLASSES, dtype=np.float32)[y]


def numpy(tensor):
    return tensor.detach().double().numpy()


def encoder_output(model, name, x, y):
    """What the encoder says of images, and of planes of their classes if it is given these."""
    if name == "cvae":
        planes = np.broadcast_to(one_hot(y)[:, :, None, None], (len(x), CLASSES, 9, 9))
        x = torch.cat([x, torch.tensor(planes)], 1)
    return model.encoder(x)


def decoder_output(model, name, decoder_input, y):
    if name == "cvae":
        decoder_input = torch.cat([decoder_input, torch.tensor(one_hot(y))], 1)
    return numpy(model.decoder(decoder_input))


def terms(model, name, x, y, noise):
    """-log p(x | z), the KLs and the squared error of each image, for z by `noise`."""
    if name == "hvae":  # its KLs have a test of their own
        decoder_input, kls = model.sample_posterior(model.encoder_output(x, y), noise)
        kls = [numpy(kl) for kl in kls.values()]
    else:
        mean, log_variance = encoder_output(model, name, x, y).chunk(2, 1)
        decoder_input = mean + (log_variance / 2).exp() * noise
        kl = (mean**2 + log_variance.exp() - 1 - log_variance) / 2
        if name == "flow_vae":  # log q(z | x) - log p(z), p by the change of variables
            u, log_determinant = model.flow_forward(decoder_input)
            kl = (u**2 - noise**2 - log_variance) / 2 - log_determinant[:, None] / 4
        kls = [numpy(kl).sum(1)]
    p = expit(decoder_output(model, name, decoder_input, y))
    target = (numpy(x) + 1) / 2
    nll = -(xlogy(target, p) + xlogy(1 - target, 1 - p)).sum((1, 2, 3))
    return nll, kls, np.square(2 * p - 1 - numpy(x)).sum((1, 2, 3))


@pytest.mark.parametrize("name, capacity", [*((n, False) for n in VAES), ("beta_vae", True)])
def test_the_loss_weighs_the_kl_and_the_bound_does_not(name, capacity):
    model, (x, y) = build(name, **(BETA_CHOICES if capacity else {})), batch()
    torch.manual_seed(5)
    nll, kls, _ = terms(model, name, x, y, torch.randn(len(x), model.latent_dim))
    nll, kls = nll.mean(), [kl.mean() for kl in kls]
    kl = sum(kls)
    beta = {"beta_vae": 3.0 if capacity else SHIPPED.zoo["beta_vae"]["beta"]}.get(name, 1)
    distance = abs(kl - 4.0) if capacity else kl
    parts = [f"kl_layer_{i}" for i in range(1, len(kls) + 1)] if name == "hvae" else ["kl"]
    want = {
        "loss": nll + beta * distance * SEEN / 200,
        "negative_elbo": nll + kl,
        "reconstruction": nll,
        "bits_per_dim": (nll + kl) / 81 / np.log(2),
        "kl": kl,
        **dict(zip(parts, kls, strict=True)),
    }
    torch.manual_seed(5)
    out = {key: value.item() for key, value in model.loss("model", x, y).items()}
    assert out == pytest.approx(want, rel=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("name", VAES)
def test_scores_are_means_over_an_antithetic_pair_whatever_the_warm_up(name):
    model, (x, y) = build(name), batch()
    (noise,) = model.per_image_noise(x, 1)
    pair = [terms(model, name, x, y, e) for e in (noise, -noise)]
    nll, kl, error = (
        np.mean([part(t) for t in pair], 0)
        for part in (lambda t: t[0], lambda t: sum(t[1]), lambda t: t[2])
    )
    scores = model.scores(x, y)
    assert list(scores) == ["negative_elbo", "reconstruction_error", "kl"]
    want = {"negative_elbo": nll + kl, "reconstruction_error": error, "kl": kl}
    for key, value in want.items():
        np.testing.assert_allclose(scores[key], value, rtol=1e-4, err_msg=key)
    np.testing.assert_allclose(model.negative_elbo(x, y), nll + kl, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("name", VAES)
def test_a_sample_of_the_prior_is_decoded_to_the_mean_of_its_pixels(name):
    model, (_, y) = build(name), batch()
    z = torch.randn(len(y), model.latent_dim)
    decoder_input = z
    if name == "hvae":  # each layer by its prior given the layers above
        state = torch.zeros(len(y), 128)
        for layer, noise in zip(model.layers, z.chunk(len(model.layers), 1), strict=True):
            latents = noise
            if layer is not model.layers[0]:
                mean, log_variance = layer.prior(state).chunk(2, 1)
                latents = mean + (log_variance / 2).exp() * noise
            state = state + layer.enter(latents)
            state = state + layer.mix(state)
        decoder_input = state
    if name == "flow_vae":  # the z that the couplings take to this latent
        for coupling in list(model.flow)[::-1]:
            log_scale, shift = coupling.net(decoder_input * coupling.mask).chunk(2, 1)
            scale = (2 * (log_scale / 2).tanh()).exp()
            moved = (decoder_input - shift) / scale
            decoder_input = torch.where(coupling.mask == 1, decoder_input, moved)
    want = 2 * expit(decoder_output(model, name, decoder_input, y)) - 1
    np.testing.assert_allclose(model.decode(z, y), want, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in VAES if name != "hvae"])
def test_codes_and_features_are_posterior_means_and_samples_spread_by_the_deviation(name):
    model, (x, y) = build(name), batch()
    output = encoder_output(model, name, x, y)
    torch.testing.assert_close(model.encoder_output(x, y), output)
    mean, log_variance = output.chunk(2, 1)
    noise = torch.randn(len(x), 4)
    sample = mean + (log_variance / 2).exp() * noise
    if name == "flow_vae":
        mean, sample = model.flow_forward(mean)[0], model.flow_forward(sample)[0]
    torch.testing.assert_close(model.encode(x, y), mean)
    torch.testing.assert_close(model.features(x, y), mean)
    torch.testing.assert_close(model.posterior_sample(output, noise), sample)


@torch.no_grad()
@pytest.mark.parametrize("name", VAES)
def test_samples_of_the_posterior_reach_the_decoder_and_have_their_densities_ratio(name):
    model, (x, y) = build(name), batch()
    output = model.encoder_output(x, y)
    noise = torch.randn(len(x), model.latent_dim)
    z = model.posterior_sample(output, noise)
    torch.testing.assert_close(model.decoder_input(z, y), model.sample_posterior(output, noise)[0])
    if name == "hvae":
        _, means, log_variances = model._top_down_pass(output, noise)
        mean, log_variance = torch.cat(means, 1), torch.cat(log_variances, 1)
    else:
        mean, log_variance = output.chunk(2, 1)
    sample = mean + (log_variance / 2).exp() * noise
    log_q = norm.logpdf(sample, mean, (log_variance / 2).exp()).sum(1)
    log_p = norm.logpdf(z).sum(1)
    if name == "flow_vae":
        log_p = log_p + numpy(model.flow_forward(sample)[1])
    np.testing.assert_allclose(model.log_ratio(output, noise), log_q - log_p, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("couplings", [1, 6])
def test_a_flow_starts_as_the_identity_and_then_moves_every_latent_but_one_half_per_coupling(
    couplings,
):
    args = SHIPPED.build_args("flow_vae") | {"latent_dim": 5, "width": 4, "couplings": couplings}
    model = registry.build("flow_vae", SHAPE, CLASSES, **args)
    z = torch.randn(7, 5)
    u, log_determinant = model.flow_forward(z)
    assert torch.equal(u, z) and not log_determinant.any()
    bias = torch.tensor([0.3, -0.3, 1000, -1000, 1, 5, 6, 7, 8, 9])  # log-scales, then shifts
    scale = (2 * (bias[:5] / 2).tanh()).exp()  # at most e^2
    for i, coupling in enumerate(model.flow):
        with torch.no_grad():
            coupling.net[-1].bias.copy_(bias)
        half = torch.arange(5) % 2 != i % 2
        want = torch.where(half, scale * z + bias[5:], z)
        torch.testing.assert_close(coupling(z)[0], want)
        torch.testing.assert_close(coupling(z)[1], scale[half].log().sum().expand(7))
    assert len(model.flow) == couplings


@pytest.mark.parametrize("name", VAES)
def test_after_a_short_training_other_images_have_higher_scores(name):
    args = SHIPPED.build_args(name) | {"latent_dim": 4, "width": 4, "lr": 0.01}
    torch.manual_seed(0)
    model = registry.build(name, SHAPE, CLASSES, **args)
    pattern = torch.where(torch.rand(SHAPE) < 0.5, -0.8, 0.8)
    optimizer = model.optimizer(model.players()["model"])
    y = torch.arange(12) % CLASSES
    for _ in range(30):
        x = pattern + 0.1 * torch.randn(12, *SHAPE)
        loss = model.loss("model", x, y)["loss"]
        optimizer.step(torch.autograd.grad(loss, optimizer.parameters))
    x = pattern + 0.1 * torch.randn(12, *SHAPE)
    with torch.no_grad():
        normal, inverted = (model.eval().scores(images, y) for images in (x, -x))
    for key in ("negative_elbo", "reconstruction_error"):
        assert inverted[key].median() > normal[key].max()
