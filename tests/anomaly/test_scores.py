"""Scores of whole models and bounds where the likelihood is known."""

import fabricated
import numpy as np
import pytest
import torch

from genbench.anomaly import iterative, scores
from genbench.models.base import registry
from genbench.models.base.marginal import log_class_shares
from genbench.models.base.variational import VAE
from genbench.params import load

P = load()
ITERATIVE = fabricated.params().anomaly.iterative.model_copy(
    update={"scores": ["importance_weighted", "likelihood_regret", "latent_inversion"]}
)


def build(name, shape=(1, 8, 8)):
    torch.manual_seed(0)
    args = {**P.build_args(name), "latent_dim": 4, "width": 4}
    return registry.build(name, shape, 3, **args).eval()


def pictures(n=30, channels=1, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (n, channels, 8, 8), dtype=np.uint8), np.arange(n) % 3


class Linear(VAE):
    """x = W z + noise, everything Gaussian, so that the likelihood is known."""

    def __init__(self):
        torch.nn.Module.__init__(self)
        self.latent_dim = 2
        random = torch.Generator().manual_seed(3)
        self.w = torch.nn.Parameter(torch.randn(6, 2, generator=random).double())
        self.sigma = 0.5

    def posterior(self, encoded):
        precision = torch.eye(2).double() + self.w.T @ self.w / self.sigma**2
        covariance = precision.inverse()
        mean = encoded @ self.w @ covariance / self.sigma**2
        # too wide and diagonal: so that the bound is not the likelihood
        return mean, (covariance.diagonal().log() + 1).expand(len(encoded), -1)

    def encoder_output(self, x, y):
        return x.flatten(1)

    def nll_and_kl(self, x, y, encoded, noise):
        mean, log_variance = self.posterior(encoded)
        z = mean + (0.5 * log_variance).exp() * noise
        normal = torch.distributions.Normal(z @ self.w.T, self.sigma)
        return -normal.log_prob(x.flatten(1)).sum(1), {}

    def likelihood_of(self, x):
        covariance = self.w @ self.w.T + self.sigma**2 * torch.eye(6).double()
        normal = torch.distributions.MultivariateNormal(torch.zeros(6).double(), covariance)
        return normal.log_prob(x.flatten(1))


def test_the_importance_weighted_bound_tightens_and_never_passes_the_exact_likelihood():
    model, random = Linear(), torch.Generator().manual_seed(0)
    model.per_image_noise = lambda x, draws: torch.randn(draws, 500, 2, generator=random).double()
    x = torch.randn(500, 1, 2, 3, generator=random).double() * 2
    with torch.no_grad():
        exact = -model.likelihood_of(x).mean()
        bounds = [model.importance_weighted(x, None, k).mean() for k in (1, 10, 100, 1000)]
    assert bounds[0] > bounds[1] + 0.1 and bounds[1] > bounds[2] + 0.01
    assert min(bounds) > exact - 0.02 and bounds[3].item() == pytest.approx(exact.item(), abs=0.02)


@pytest.mark.parametrize("name", ["vae", "flow_vae", "hvae", "cvae"])
def test_with_many_draws_the_mean_log_ratio_is_the_kl(name):
    model, (x, y) = build(name), pictures(1)
    image, label = torch.as_tensor(x).float() / 127.5 - 1, torch.as_tensor(y)
    with torch.no_grad():
        n = 4000
        encoded = model.encoder_output(image.expand(n, -1, -1, -1), label.expand(n))
        noise = torch.randn(n, model.latent_dim)
        ratio, kls = model.log_ratio(encoded, noise), model.sample_posterior(encoded, noise)[1]
    error = 5 * ratio.std().item() / n**0.5 + 1e-4
    assert ratio.mean().item() == pytest.approx(sum(kls.values()).mean().item(), abs=error)


@pytest.mark.parametrize("name", registry.NAMES)
def test_scores_are_finite_and_depend_on_no_other_image(name, monkeypatch):
    model, (x, _) = build(name), pictures()
    scorer = scores.Scorer(model, *pictures(seed=1))
    together, few = scorer(x), scorer(x[:7])
    monkeypatch.setattr(scores, "BATCH_SIZE", 4)
    again = scorer(x)
    assert {"nearest_neighbor", "mahalanobis"} <= set(together)
    assert ("typicality" in together) == ("complexity" in together) == ("negative_elbo" in together)
    for key, value in together.items():
        assert value.shape == (30,) and np.isfinite(value).all()
        scale = 1e-3 * (1 + np.abs(value).max())
        np.testing.assert_allclose(few[key], value[:7], atol=scale, err_msg=key)
        np.testing.assert_allclose(again[key], value, atol=scale, err_msg=key)


@pytest.mark.parametrize("name", ["vae", "hvae", "gan", "cgan"])
def test_iterative_scores_are_what_the_model_can_have(name):
    model, (x, y) = build(name), pictures(6)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    values = iterative.iterative_scores(model, x, log_class_shares(y), ITERATIVE)
    vae = isinstance(model, VAE)
    assert set(values) == (set(ITERATIVE.scores) if vae else {"latent_inversion"})
    assert all(v.shape == (6,) and np.isfinite(v).all() for v in values.values())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    if vae:
        assert (values["likelihood_regret"] >= 0).all() and values["likelihood_regret"].max() > 0
