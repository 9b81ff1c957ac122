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
LAYERS = 3
BETA_CHOICES = {"beta": 3.0, "capacity": 8.0, "capacity_images": 100}


def build(name, **changes):
    args = SHIPPED.build_args(name) | {"latent_dim": 4, "width": 4} | CHOICES | changes
    args |= {"layers": LAYERS} if name == "hvae" else {}
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


def step(layer, state, z, top):
    """The state below a layer of an HVAE, for latents that are N(0, 1) under its prior."""
    if not top:
        mean, log_variance = layer.prior(state).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * z
    state = state + layer.enter(z)
    return state + layer.mix(state)


def top_down(model, x, noise):
    """Of an HVAE: the decoder's input, and posterior means and log-variances of each layer."""
    features = [model.encoder(x)]
    for up in model.up:
        features.append(features[-1] + up(features[-1]))
    state, parameters = torch.zeros(len(x), 128), []
    for i, (layer, e) in enumerate(zip(model.layers, noise.chunk(LAYERS, 1), strict=True)):
        output = layer.posterior(torch.cat([state, features[LAYERS - 1 - i]], 1))
        mean, log_variance = output.chunk(2, 1)
        state = step(layer, state, mean + (log_variance / 2).exp() * e, top=i == 0)
        parameters.append((mean, log_variance))
    return state, parameters


def posterior(model, name, x, y, noise):
    """The decoder's input for a sample, and the posterior that it is from, layer by layer."""
    if name == "hvae":
        return top_down(model, x, noise)
    mean, log_variance = encoder_output(model, name, x, y).chunk(2, 1)
    return mean + (log_variance / 2).exp() * noise, [(mean, log_variance)]


def terms(model, name, x, y, noise):
    """-log p(x | z), the KLs and the squared error of each image, for z by `noise`."""
    decoder_input, parameters = posterior(model, name, x, y, noise)
    kls = [(m**2 + v.exp() - 1 - v).sum(1) / 2 for m, v in parameters]
    if name == "flow_vae":  # log q(z | x) - log p(z), p by the change of variables
        u, log_determinant = model.flow_forward(decoder_input)
        kls = [(u**2 - noise**2 - parameters[0][1]).sum(1) / 2 - log_determinant]
    p = expit(decoder_output(model, name, decoder_input, y))
    target = (numpy(x) + 1) / 2
    nll = -(xlogy(target, p) + xlogy(1 - target, 1 - p)).sum((1, 2, 3))
    return nll, [numpy(kl) for kl in kls], np.square(2 * p - 1 - numpy(x)).sum((1, 2, 3))


def total_correlation(mean, log_variance, z, total):
    """Minibatch-stratified sampling as Chen et al. 2018 write it, image by image."""
    n, latents = z.shape

    def mixture(i, log_densities):  # the image itself, n - 2 others, and one with the rest
        others = [(i + k) % n for k in range(2, n)]
        rest = (total - n + 1) / (total * (n - 1))
        p = np.exp(log_densities)
        return np.log(p[i] / total + p[others].sum() / (n - 1) + rest * p[(i + 1) % n])

    values = []
    for i in range(n):
        log_q = norm.logpdf(z[i], mean, np.exp(log_variance / 2))
        product = sum(mixture(i, log_q[:, j]) for j in range(latents))
        values.append(mixture(i, log_q.sum(1)) - product)
    return np.mean(values)


@pytest.mark.parametrize("name, capacity", [*((n, False) for n in VAES), ("beta_vae", True)])
def test_the_loss_weighs_the_kl_and_the_bound_does_not(name, capacity):
    model, (x, y) = build(name, **(BETA_CHOICES if capacity else {})), batch()
    torch.manual_seed(5)
    model.training_images = 40
    noise = torch.randn(len(x), model.latent_dim)
    nll, kls, _ = terms(model, name, x, y, noise)
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
    if name == "beta_tc_vae":
        mean, log_variance = map(numpy, model.posterior(model.encoder_output(x, y)))
        z = mean + np.exp(log_variance / 2) * numpy(noise)
        correlation = total_correlation(mean, log_variance, z, 40)
        want["total_correlation"] = correlation
        want["loss"] += (SHIPPED.zoo[name]["beta"] - 1) * correlation * SEEN / 200
    torch.manual_seed(5)
    out = {key: value.item() for key, value in model.loss("model", x, y).items()}
    assert out == pytest.approx(want, rel=1e-4, abs=1e-6)


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
        decoder_input = torch.zeros(len(y), 128)
        for i, part in enumerate(z.chunk(LAYERS, 1)):
            decoder_input = step(model.layers[i], decoder_input, part, top=i == 0)
    if name == "flow_vae":  # the z that the couplings take to this latent
        for coupling in list(model.flow)[::-1]:
            log_scale, shift = coupling.net(decoder_input * coupling.mask).chunk(2, 1)
            scale = (2 * (log_scale / 2).tanh()).exp()
            moved = (decoder_input - shift) / scale
            decoder_input = torch.where(coupling.mask == 1, decoder_input, moved)
    want = 2 * expit(decoder_output(model, name, decoder_input, y)) - 1
    np.testing.assert_allclose(model.decode(z, y), want, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", VAES)
def test_codes_and_features_are_posterior_means_and_kls_of_latents_the_closed_form(name):
    model, (x, y) = build(name), batch()
    output = model.encoder_output(x, y)
    zeros = torch.zeros(len(x), model.latent_dim)
    _, parameters = posterior(model, name, x, y, zeros)
    mean, log_variance = (torch.cat(parts, 1) for parts in zip(*parameters, strict=True))
    kl = (mean**2 + log_variance.exp() - 1 - log_variance) / 2
    if name == "flow_vae":
        mean, kl = model.flow_forward(mean)[0], None
    torch.testing.assert_close(model.encode(x, y), mean)
    torch.testing.assert_close(model.features(x, y), mean)
    torch.testing.assert_close(model.kl_per_latent(output), kl)


@torch.no_grad()
@pytest.mark.parametrize("name", VAES)
def test_samples_of_the_posterior_reach_the_decoder_and_have_their_densities_ratio(name):
    model, (x, y) = build(name), batch()
    output = model.encoder_output(x, y)
    noise = torch.randn(len(x), model.latent_dim)
    z = model.posterior_sample(output, noise)
    reached, parameters = posterior(model, name, x, y, noise)
    for got in (model.decoder_input(z, y), model.sample_posterior(output, noise)[0]):
        torch.testing.assert_close(got, reached)
    mean, log_variance = (torch.cat(parts, 1) for parts in zip(*parameters, strict=True))
    sample = mean + (log_variance / 2).exp() * noise
    log_q = norm.logpdf(sample, mean, (log_variance / 2).exp()).sum(1)
    log_p = norm.logpdf(z).sum(1)
    if name == "flow_vae":
        log_p = log_p + numpy(model.flow_forward(sample)[1])
    np.testing.assert_allclose(model.log_ratio(output, noise), log_q - log_p, rtol=1e-3, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("name", VAES)
def test_one_gaussian_is_the_posterior_of_the_models_that_say_so(name):
    model, (x, y) = build(name), batch()
    output = model.encoder_output(x, y)
    mean, log_variance = model.posterior(output)
    noise = torch.randn_like(mean)
    z = mean + (log_variance / 2).exp() * noise
    decoder_input, _ = model.sample_posterior(output, noise)
    if name == "hvae":
        z = model.decoder_input(z, y)
    assert torch.allclose(z, decoder_input, atol=1e-4) == model.diagonal_posterior


@torch.no_grad()
@pytest.mark.parametrize("name", VAES)
def test_the_importance_weighted_bound_is_its_definition_for_every_image(name):
    model, (x, y) = build(name), batch()
    noises = model.per_image_noise(x, 4)
    output = model.encoder_output(x, y)
    weights = [
        -terms(model, name, x, y, noise)[0] - numpy(model.log_ratio(output, noise))
        for noise in noises
    ]
    want = -np.log(np.exp(np.array(weights) + 50).mean(0)) + 50
    np.testing.assert_allclose(model.importance_weighted(x, y, 4), want, rtol=1e-4)
    assert len(noises.flatten(0, 1).unique(dim=0)) == 4 * len(x)


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


def test_more_draws_are_the_importance_weighted_bound_and_one_is_the_loss_of_a_vae():
    x, y = batch()
    one, many, plain = build("vae", draws=1), build("vae", draws=7), build("vae")
    losses = []
    for model in (one, many, plain):
        torch.manual_seed(3)
        losses.append({key: value.item() for key, value in model.loss("model", x, y).items()})
    assert losses[0] == losses[2]
    assert losses[1].pop("loss") != losses[2].pop("loss") and losses[1] == losses[2]
    torch.manual_seed(3)
    torch.randn(len(x), 4)  # the draw of the terms that are recorded
    noises = torch.randn(7, len(x), 4)
    mean, log_variance = (numpy(t) for t in many.posterior(many.encoder(x)))
    z = mean + np.exp(log_variance / 2) * numpy(noises)
    log_ratio = norm.logpdf(z, mean, np.exp(log_variance / 2)).sum(2) - norm.logpdf(z).sum(2)
    outputs = [many.decoder(torch.tensor(each).float()) for each in z]
    nll = np.stack([numpy(many.likelihood.nll(output, x)) for output in outputs])
    log_weights = -nll - SEEN / CHOICES["kl_warmup_images"] * log_ratio
    expected = (np.log(7) - np.logaddexp.reduce(log_weights, axis=0)).mean()
    torch.manual_seed(3)
    assert many.loss("model", x, y)["loss"].item() == pytest.approx(expected, rel=1e-5)
