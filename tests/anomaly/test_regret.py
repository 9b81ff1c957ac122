"""Likelihood regret where the best posterior is known: a linear VAE with a Gaussian likelihood."""

import fabricated
import numpy as np
import pytest
import torch
from torch import nn

from genbench.anomaly.iterative import iterative_scores
from genbench.models.base.variational import VAE

SIGMA = 0.5
CHOICES = fabricated.params().anomaly.iterative.model_copy(
    update={"scores": ["likelihood_regret"], "steps": 150}
)


class Linear(VAE):
    """x = W z + noise, W's columns orthogonal: the posterior is diagonal and known."""

    def __init__(self, shift: float):
        super().__init__((1, 2, 2), 2, 0.1, "gaussian", 0)
        w = 0.4 * torch.tensor([[1.0, 1], [1, -1], [1, 1], [1, -1]])
        variance = 1 / (1 + (w**2).sum(0) / SIGMA**2)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(4, 4))
        self.decoder = nn.Sequential(nn.Linear(2, 4, bias=False), nn.Unflatten(1, (1, 2, 2)))
        self.variance = variance
        with torch.no_grad():
            to_mean = variance[:, None] * w.T / SIGMA**2
            self.encoder[1].weight.copy_(torch.cat([to_mean, torch.zeros(2, 4)]))
            self.encoder[1].bias.copy_(torch.cat([torch.full((2,), shift), variance.log()]))
            self.decoder[0].weight.copy_(w)
            self.likelihood.log_scale.fill_(np.log(SIGMA))


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_regret_is_the_divergence_of_the_encoders_posterior_from_the_best_one(shift):
    model = Linear(shift).eval()
    x = np.random.default_rng(0).integers(0, 256, (200, 1, 2, 2), dtype=np.uint8)
    regret = iterative_scores(model, x, torch.zeros(1), CHOICES)["likelihood_regret"]
    divergence = (shift**2 / (2 * model.variance)).sum().item()
    assert regret.mean() == pytest.approx(divergence, abs=0.02)
    assert (divergence == 0) == (shift == 0)
