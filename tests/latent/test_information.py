import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from small_models import build, random_images

from genbench.latent import information
from genbench.latent.information import posterior_statistics

VAES = ("vae", "beta_vae", "cvae", "res_vae", "flow_vae", "hvae")


@pytest.mark.parametrize("name", ["vae", "beta_vae", "cvae", "res_vae", "hvae"])
def test_kl_per_latent_sums_to_the_kl(name):
    model, (x, y) = build(name), random_images()
    x, y = torch.as_tensor(x).float() / 127.5 - 1, torch.as_tensor(y)
    encoded = model.encoder_output(x, y)
    with torch.no_grad():
        # at noise 0 the lower layers of hvae depend on the means above, as in kl_per_latent
        _, kls = model.sample_posterior(encoded, torch.zeros(len(x), model.latent_dim))
        per_latent = model.kl_per_latent(encoded)
    assert per_latent.shape == (len(x), model.latent_dim) and (per_latent >= -1e-6).all()
    torch.testing.assert_close(per_latent.sum(1), sum(kls.values()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", VAES)
def test_posterior_samples_decode_to_what_the_decoder_gets(name):
    model, (x, y) = build(name), random_images(n=6)
    x, y = torch.as_tensor(x).float() / 127.5 - 1, torch.as_tensor(y)
    with torch.no_grad():
        encoded, noise = model.encoder_output(x, y), torch.randn(6, model.latent_dim)
        h, _ = model.sample_posterior(encoded, noise)
        got = model.decoder_input(model.posterior_sample(encoded, noise), y)
    torch.testing.assert_close(got, h, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", VAES)
def test_rate_distortion_and_information_add_up(name):
    model, (x, y) = build(name), random_images()
    posterior = posterior_statistics(model, x, y, iwae_samples=3)
    metrics = information.vae_information(posterior)
    unit = torch.as_tensor(x).float() / 127.5 - 1
    with torch.no_grad():
        bound = model.negative_elbo(unit, torch.as_tensor(y)).double()
    torch.testing.assert_close(posterior.rate + posterior.distortion, bound, rtol=1e-5, atol=0)
    assert posterior.importance_weighted.shape == (60,)
    assert (posterior.kl_per_latent is not None) == (name != "flow_vae")
    assert ("mutual_information" in metrics) == (name != "hvae")
    if "mutual_information" in metrics:
        mutual_information = metrics["mutual_information"].value
        total = mutual_information + metrics["marginal_kl"].value
        assert total == pytest.approx(posterior.rate.mean().item())
        assert -0.1 < mutual_information <= math.log(60)


@pytest.mark.parametrize("name", VAES)
def test_rate_and_distortion_are_those_of_the_anomaly_scores_to_the_last_bit(name):
    model, (x, y) = build(name), random_images()
    posterior = posterior_statistics(model, x, y, iwae_samples=0)
    with torch.no_grad():
        scores = model.scores(torch.as_tensor(x).float().div(127.5).sub(1), torch.as_tensor(y))
    assert torch.equal(posterior.rate, scores["kl"].double())
    assert torch.equal(posterior.distortion, (scores["negative_elbo"] - scores["kl"]).double())


def test_means_over_images_have_intervals_and_other_metrics_have_none():
    posterior = posterior_statistics(build("vae"), *random_images(), iwae_samples=0)
    metrics = information.vae_information(posterior)
    assert {name for name, e in metrics.items() if e.low is not None} == {"rate", "distortion"}
    for name in ("rate", "distortion"):
        assert metrics[name].value == getattr(posterior, name).mean().item()
        assert metrics[name].low < metrics[name].value < metrics[name].high
    assert isinstance(metrics["active_units"].value, int)


def test_no_samples_no_importance_weighted_bound():
    posterior = posterior_statistics(build("vae"), *random_images(), iwae_samples=0)
    assert posterior.importance_weighted is None
    assert "importance_weighted" not in information.vae_information(posterior)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_mutual_information_is_0_without_and_log_n_with_codes_far_apart():
    mean, noise = normal(400, 3), normal(400, 3, seed=1)
    same = information.index_code_mutual_information(*torch.zeros(2, 400, 3).double(), noise)
    assert same == pytest.approx(0, abs=1e-9)
    apart = information.index_code_mutual_information(
        1000 * mean, torch.zeros(400, 3).double(), noise
    )
    assert apart == pytest.approx(math.log(400), abs=1e-6)


def test_mutual_information_of_gaussian_codes_is_the_closed_form():
    """mean ~ N(0, s^2), deviation 1: a Gaussian channel of 0.5 log(1 + s^2) nats per latent."""
    n, s = 4000, 1.5
    got = information.index_code_mutual_information(
        s * normal(n, 2), torch.zeros(n, 2).double(), normal(n, 2, seed=1)
    )
    assert got == pytest.approx(2 * 0.5 * math.log(1 + s**2), abs=0.05)


def test_mutual_information_is_its_definition_for_posteriors_of_any_width():
    mean, log_variance, noise = normal(30, 2), normal(30, 2, seed=1) - 1, normal(30, 2, seed=2)
    deviation = (log_variance / 2).exp().numpy()
    z = mean.numpy() + deviation * noise.numpy()
    densities = norm(mean.numpy(), deviation).logpdf(z[:, None]).sum(2)  # of z[i] under q(. | j)
    want = (densities.diagonal() - logsumexp(densities, 1) + math.log(30)).mean()
    got = information.index_code_mutual_information(mean, log_variance, noise)
    assert got == pytest.approx(want)


def test_samples_make_the_mmd_and_codes_the_active_units():
    """Samples of the prior itself, from codes that are all alike; then codes alone that vary."""
    statistics = posterior_statistics(build("vae"), *random_images(200), iwae_samples=0)
    alike = statistics._replace(samples=normal(200, 4, seed=3), codes=torch.full((200, 4), 5.0))
    metrics = information.vae_information(alike)
    assert metrics["active_units"].value == 0
    assert metrics["mmd"].value == pytest.approx(0, abs=0.02)
    spread = normal(200, 4) * torch.tensor([1, 0.2, 0.05, 0.0])
    apart = statistics._replace(samples=9 + normal(200, 4), codes=spread)
    metrics = information.vae_information(apart)
    assert metrics["active_units"].value == 2 and metrics["mmd"].value > 0.5


def test_samples_of_a_gaussian_posterior_are_its_mean_and_its_deviation_times_the_noise():
    got = posterior_statistics(build("vae"), *random_images(), iwae_samples=0)
    assert torch.equal(got.codes, got.mean)
    deviation = (got.log_variance / 2).exp()
    torch.testing.assert_close(got.samples, got.mean + deviation * got.noise, rtol=1e-5, atol=1e-6)
    assert (deviation * got.noise).abs().max() > 0.1


def test_mmd_is_unbiased_and_detects_a_shift():
    same = [
        information.mmd(normal(200, 3, seed=i), normal(200, 3, seed=100 + i)) for i in range(40)
    ]
    assert abs(np.mean(same)) < 3 * np.std(same) / math.sqrt(40)
    assert information.mmd(normal(200, 3), normal(200, 3, seed=1) + 2) > 10 * np.std(same)


def test_mmd_is_its_definition():
    x, y = normal(7, 2), normal(5, 2, seed=1)
    k = lambda a, b: 4 / (4 + ((a - b) ** 2).sum().item())  # noqa: E731
    xx = np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    yy = np.mean([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    xy = np.mean([k(a, b) for a in x for b in y])
    assert information.mmd(x, y) == pytest.approx(xx + yy - 2 * xy)
