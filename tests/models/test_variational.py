"""What is the VAEs' own: bounds against closed forms, likelihoods, warm-up, flows, layers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from layers import layers
from sklearn.decomposition import PCA
from torch import nn
from torch.distributions import Normal, kl_divergence

from genbench import params
from genbench.models.base import registry
from genbench.models.base.variational import VAE
from genbench.utils.errors import InputError

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
VAES = [name for name in registry.NAMES if "kl_warmup_images" in SHIPPED.zoo[name]]
SHAPE = (1, 8, 8)


def build(name, shape=SHAPE, **changes):
    torch.manual_seed(0)
    args = SHIPPED.build_args(name) | {"width": 8} | changes
    return registry.build(name, shape, 10, **args)


def batch(n=6, shape=SHAPE):
    random = torch.Generator().manual_seed(1)
    return torch.rand(n, *shape, generator=random) * 2 - 1, torch.arange(n) % 10


def perturbed(model):
    """Every weight moved, so that nothing is 0 or the identity as it was built."""
    torch.manual_seed(2)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return model.eval()


class Linear(VAE):
    """Encoder and decoder are linear, the likelihood is Gaussian: probabilistic PCA's model."""

    def __init__(self, data: np.ndarray, latent_dim: int):
        common = {"lr": 0.1, "likelihood": "gaussian", "kl_warmup_images": 0}
        super().__init__((1, 1, data.shape[1]), latent_dim=latent_dim, **common)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(data.shape[1], 2 * latent_dim))
        unflatten = nn.Unflatten(1, (1, 1, data.shape[1]))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, data.shape[1]), unflatten)
        self._solve(data, latent_dim)

    @torch.no_grad()
    def _solve(self, data, k):
        """Weights at the maximum likelihood (Tipping & Bishop 1999, equations 6 to 9)."""
        pca = PCA(k).fit(data)
        noise = pca.noise_variance_
        principal = pca.components_.T * np.sqrt(pca.explained_variance_ - noise)  # W, (D, k)
        inverse = np.linalg.inv(principal.T @ principal + noise * np.eye(k))  # M^-1: diagonal
        to_mean = inverse @ principal.T
        encoder, decoder = self.encoder[1], self.decoder[0]
        encoder.weight.copy_(torch.as_tensor(np.concatenate([to_mean, 0 * to_mean])))
        log_variance = np.log(noise * np.diag(inverse))
        bias = np.concatenate([-to_mean @ pca.mean_, log_variance])
        encoder.bias.copy_(torch.as_tensor(bias))
        decoder.weight.copy_(torch.as_tensor(principal))
        decoder.bias.copy_(torch.as_tensor(pca.mean_))
        self.likelihood.log_scale.fill_(0.5 * np.log(noise))


@pytest.fixture(scope="module")
def linear():
    """A linear VAE at its optimum, its images, and their exact mean log-likelihood in nats."""
    random = np.random.default_rng(0)
    data = random.normal(size=(500, 3)) @ random.normal(size=(3, 7)) * 0.3
    data = data + 0.1 * random.normal(size=data.shape) + random.normal(size=7)
    x = torch.as_tensor(data.reshape(-1, 1, 1, 7))
    return Linear(data, 3).double(), x, PCA(3).fit(data).score(data)


def test_the_elbo_of_a_linear_vae_at_its_optimum_is_the_likelihood_of_probabilistic_pca(linear):
    model, x, likelihood = linear
    torch.manual_seed(0)
    with torch.no_grad():
        losses = [model.loss("model", x, None)["negative_elbo"].item() for _ in range(200)]
    assert np.mean(losses) == pytest.approx(-likelihood, abs=0.005)
    assert np.std(losses) > 0, "the noise is drawn"


def test_the_elbo_of_a_linear_vae_is_lower_anywhere_else(linear):
    model, x, likelihood = linear
    for parameter in model.parameters():
        with torch.no_grad():
            parameter += 0.05
            moved = model.negative_elbo(x, None).mean().item()
            parameter -= 0.05
        assert moved > -likelihood + 0.002


@torch.no_grad()
def test_the_importance_weighted_bound_of_an_exact_posterior_is_the_likelihood_of_each_image(
    linear,
):
    model, x, likelihood = linear
    for draws in (1, 5):
        bounds = model.importance_weighted(x, None, draws)
        assert bounds.mean().item() == pytest.approx(-likelihood, abs=1e-6)
        again = model.importance_weighted(x, None, 3)
        torch.testing.assert_close(bounds, again, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_importance_weighted_bound_of_another_posterior_tends_to_the_likelihood(linear):
    model, x, likelihood = linear
    model.encoder[1].bias[3:] += 0.7  # too wide
    plain, *tighter = (model.importance_weighted(x, None, n).mean().item() for n in (1, 10, 1000))
    model.encoder[1].bias[3:] -= 0.7
    assert plain > tighter[0] + 0.01
    assert tighter[1] == pytest.approx(-likelihood, abs=0.01)


@pytest.mark.parametrize("name", VAES)
def test_the_kl_warms_up_over_the_images_seen_in_training_alone(name):
    model, (x, y) = build(name, kl_warmup_images=24), batch()
    weights = []
    for _ in range(5):
        model.eval().loss("model", x, y)  # validation uses the current weight
        out = model.train().loss("model", x, y)
        kl = out["kl"] * (model.beta if name == "beta_vae" else 1)
        if name == "beta_tc_vae":
            kl = kl + (model.beta - 1) * out["total_correlation"]
        weights.append(((out["loss"] - out["reconstruction"]) / kl).item())
    assert weights == pytest.approx([0.25, 0.5, 0.75, 1, 1], rel=1e-3)


@pytest.mark.parametrize("name", VAES)
def test_the_mean_score_over_images_is_the_bound_and_not_one_noise_vectors(name):
    model = perturbed(build(name))
    random = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (1500, 1, 8, 8), generator=random) / 127.5 - 1
    y = torch.arange(1500) % 3
    with torch.no_grad():
        scores = model.negative_elbo(x, y)
        encoder_output = model.encoder_output(x, y)
        fresh = []
        for _ in range(4):
            nll, kls = model.nll_and_kl(x, y, encoder_output, torch.randn(1500, model.latent_dim))
            fresh.append(nll + sum(kls.values()))
    difference = scores - torch.stack(fresh).mean(0)
    assert difference.mean().abs() < 5 * difference.std() / 1500**0.5
    assert torch.equal(model.per_image_noise(x, 3)[:, 7], model.per_image_noise(x[7:8], 3)[:, 0])
    assert torch.equal(model.per_image_noise(x, 3, first=2), model.per_image_noise(x, 5)[2:])
    assert len(model.per_image_noise(x, 1)[0].unique(dim=0)) > 1000


@pytest.mark.parametrize("name", VAES)
def test_scores_encode_every_image_once(name):
    model, (x, y), passes = build(name), batch(), []
    model.encoder.register_forward_hook(lambda *_: passes.append(1))
    model.scores(x, y)
    assert len(passes) == 1


@pytest.mark.parametrize("name", VAES)
def test_codes_of_the_posterior_mean_decode_to_the_reconstruction(name):
    model, (x, y) = perturbed(build(name)), batch()
    with torch.no_grad():
        encoder_output = model.encoder_output(x, y)
        zeros = torch.zeros(len(x), model.latent_dim)
        decoder_input, _ = model.sample_posterior(encoder_output, zeros)
        want = model.likelihood.mean(model.likelihood_params(decoder_input, y))
        if name != "hvae":  # its mean of a lower layer depends on the sample of the upper one
            other, _ = model.sample_posterior(encoder_output, zeros + 1)
            assert not torch.equal(other, decoder_input)
        torch.testing.assert_close(model.decode(model.encode(x, y), y), want, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", VAES)
@pytest.mark.parametrize("likelihood", ["gaussian", "logistic"])
def test_every_vae_takes_every_likelihood_of_color(name, likelihood):
    model = build(name, (3, 8, 8), likelihood=likelihood)
    out = model.loss("model", *batch(shape=(3, 8, 8)))
    assert out["loss"].isfinite() and model.likelihood.log_scale.requires_grad


def test_a_bernoulli_of_color_is_refused():
    line = "zoo.vae.likelihood must be gaussian or logistic for color, got bernoulli"
    with pytest.raises(InputError, match=line):
        build("vae", (3, 8, 8), likelihood="bernoulli")


def test_a_latent_is_active_if_its_mean_varies():
    model, (x, y) = build("vae"), batch(50)
    means = torch.zeros(50, model.latent_dim)
    means[:, :3] = torch.linspace(-1, 1, 50)[:, None]
    means[:, 2] *= 0.2  # variance 0.014
    means[:, 3] = torch.linspace(-0.1, 0.1, 50)  # variance 0.0035
    model.encode = lambda x, y: means
    assert model.diagnose(x, y)["active_units"].item() == 3


def test_the_capacity_rises_and_the_kl_is_pulled_to_it():
    choices = {"beta": 10.0, "capacity": 6.0, "capacity_images": 24, "kl_warmup_images": 0}
    model, (x, y) = build("beta_vae", **choices), batch()
    for capacity in (1.5, 3.0, 4.5, 6.0, 6.0):
        out = model.loss("model", x, y)
        want = out["reconstruction"] + 10 * (out["kl"] - capacity).abs()
        assert out["loss"].item() == pytest.approx(want.item(), rel=1e-5)


def test_the_inverse_of_the_flow_inverts_it():
    model = perturbed(build("flow_vae")).double()
    z = torch.randn(5, model.latent_dim, dtype=torch.float64)
    u, _ = model.flow_forward(z)
    assert not torch.allclose(u, z, atol=0.1)
    torch.testing.assert_close(model.decoder_input(u, None), z)


@pytest.mark.parametrize("latent_dim", [1, 2, 7])
def test_log_determinants_of_the_flow_are_those_of_its_jacobian(latent_dim):
    model = perturbed(build("flow_vae", latent_dim=latent_dim, couplings=3)).double()
    for z in torch.randn(4, 1, latent_dim, dtype=torch.float64):
        jacobian = torch.autograd.functional.jacobian(lambda v: model.flow_forward(v)[0], z)
        want = torch.linalg.slogdet(jacobian.reshape(latent_dim, latent_dim)).logabsdet
        torch.testing.assert_close(model.flow_forward(z)[1].squeeze(), want)


def test_the_density_of_the_flow_prior_integrates_to_one():
    model = perturbed(build("flow_vae", latent_dim=2, couplings=3)).double()
    axis = torch.linspace(-9, 9, 121, dtype=torch.float64)
    with torch.no_grad():
        u, log_determinant = model.flow_forward(torch.cartesian_prod(axis, axis))
    density = (Normal(0, 1).log_prob(u).sum(1) + log_determinant).exp()
    total = torch.trapezoid(torch.trapezoid(density.view(121, 121), axis), axis)
    assert total.item() == pytest.approx(1, abs=1e-3)


def test_the_kl_of_the_flow_is_on_average_the_closed_form_where_the_flow_does_nothing():
    model, (x, y) = build("flow_vae"), batch(1)
    encoder_output = model.encoder_output(x, y)
    mean, log_variance = model.posterior(encoder_output)
    normal = Normal(mean, (0.5 * log_variance).exp())
    want = kl_divergence(normal, Normal(0.0, 1.0)).sum().item()
    many = encoder_output.expand(20_000, -1)
    draws = model.sample_posterior(many, torch.randn(20_000, 16))[1]["kl"]
    assert draws.mean().item() == pytest.approx(want, abs=4 * draws.std().item() / 20_000**0.5)


def test_the_kl_of_a_lower_layer_is_that_of_its_latents_to_their_prior():
    model, (x, y) = perturbed(build("hvae", layers=3)), batch()
    noise = torch.randn(len(x), model.latent_dim)
    encoder_output = model.encoder_output(x, y)
    _, means, log_variances = model._top_down_pass(encoder_output, noise)
    _, kls = model.sample_posterior(encoder_output, noise)
    state = torch.zeros(len(x), model.layers[0].enter.out_features)
    each = zip(model.layers, means, log_variances, noise.chunk(3, 1), strict=True)
    for i, (layer, mean, log_variance, e) in enumerate(each, start=1):
        center, spread = torch.zeros_like(mean), torch.ones_like(mean)
        if layer.prior is not None:
            center, log_spread = layer.prior(state).chunk(2, 1)
            spread = (0.5 * log_spread).exp()
        deviation = (0.5 * log_variance).exp()
        posterior = Normal(center + spread * mean, spread * deviation)
        want = kl_divergence(posterior, Normal(center, spread)).sum(1)
        torch.testing.assert_close(kls[f"kl_layer_{i}"], want, rtol=1e-4, atol=1e-4)
        state = layer.step(state, mean + deviation * e)
    assert set(kls) == {f"kl_layer_{i}" for i in (1, 2, 3)}


def test_the_vae_at_28x28_has_the_layers_of_the_classic_one():
    model = build("vae", (1, 28, 28), width=32)
    assert layers(model.encoder, torch.zeros(1, 1, 28, 28)) == [
        ((32, 14, 14), 320),
        ((64, 7, 7), 18_496),
        ((128,), 401_536),
        ((32,), 4_128),
    ]
    assert layers(model.decoder, torch.zeros(1, 16)) == [
        ((3136,), 53_312),
        ((64, 14, 14), 36_928),
        ((32, 28, 28), 18_464),
        ((1, 28, 28), 289),
    ]
    mean, log_variance = model.posterior(model.encoder_output(torch.zeros(1, 1, 28, 28), None))
    assert mean.shape == log_variance.shape == (1, 16)


def test_the_perceptual_loss_is_the_distance_of_features_and_the_bound_stays_without():
    shape = (3, 9, 9)
    plain, perceptual = (build("res_vae", shape, perceptual=w) for w in (0.0, 2.0))
    features = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 4)).requires_grad_(False)
    perceptual.perceptual_features = lambda x: features(x)
    x, y = batch(shape=shape)
    torch.manual_seed(0)
    want = plain.loss("model", x, y)
    torch.manual_seed(0)
    got = perceptual.loss("model", x, y)
    reconstruction = perceptual.decode(perceptual.encode(x, y), y)
    distance = (features(reconstruction) - features(x)).square().sum(1).mean()
    weights = list(perceptual.parameters())
    gradients, by_hand = (
        torch.autograd.grad(value, weights, allow_unused=True, materialize_grads=True)
        for value in (got["perceptual"], distance)
    )
    torch.testing.assert_close(gradients, by_hand)
    distance = distance.item()
    assert got["perceptual"].item() == pytest.approx(distance, rel=1e-5) and distance > 0
    assert got["negative_elbo"].item() == want["negative_elbo"].item()
    assert got["loss"].item() == pytest.approx(want["loss"].item() + 2 * distance, rel=1e-5)
    assert "perceptual" not in want
