"""Losses as functions of logits, moments and images."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z))) from logits; 2 log 2 for a D at chance.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1, with softplus instead of log:
    the gradient of log(sigmoid) dies where the logit is large.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """-E log D(G(z)) from logits, the non-saturating loss (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()


def hinge_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))) from unbounded logits; 0 beyond the margins.

    Source: Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957.
    """
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def jensen_shannon(discriminator_loss: Tensor) -> Tensor:
    """log 2 - loss / 2 in nats: a lower bound of the Jensen-Shannon divergence of data and model.

    Between 0 and log 2 = 0.693 and exact for the optimal discriminator; below 0 for one that is
    worse than chance.
    Source: Goodfellow et al. 2014, arXiv:1406.2661, theorem 1.
    """
    return math.log(2) - discriminator_loss / 2


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, target: float = 1.0
) -> Tensor:
    """Mean of (|gradient of the critic| - target)^2 at points between real and fake images.

    The norm is taken per image over channels and pixels, at one random point on each line from a
    real to a fake image (N, C, H, W). Always in float32: the gradient of a gradient loses too
    much under mixed precision.
    Source: Gulrajani et al. 2017, arXiv:1704.00028, equation 3 and algorithm 1.
    """
    with torch.autocast(real.device.type, enabled=False):
        weight = torch.rand(len(real), 1, 1, 1, device=real.device)
        interpolated = real.float().lerp(fake.float(), weight).requires_grad_()
        scores = critic(interpolated).sum()
        (gradient,) = torch.autograd.grad(scores, interpolated, create_graph=True)
        return (gradient.flatten(1).norm(dim=1) - target).square().mean()


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, diag exp(log_variance)) || N(0, 1)) in nats, per latent: (N, D) to (N, D).

    Source: Kingma & Welling 2014, arXiv:1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


class PartsOfKl(NamedTuple):
    """Parts of log q(z | x) - log p(z), each (N,) in nats; their sum is it.

    mutual_information : log q(z | x) - log q(z)
    total_correlation : log q(z) - sum_j log q(z_j)
    dimension_wise : sum_j log q(z_j) - log p(z_j)
    """

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise: Tensor


def parts_of_kl(
    mean: Tensor, log_variance: Tensor, noise: Tensor, training_images: int
) -> PartsOfKl:
    """The parts of the KL for one sample of each posterior of a batch, the prior being N(0, I).

    q(z), the mixture of the posteriors of all training images, is estimated from those of the
    batch by minibatch-stratified sampling (Chen et al. 2018, arXiv:1802.04942, appendix C.2): the
    image itself has the weight 1 / training_images, of the others one has what is left to 1.

    Parameters
    ----------
    mean, log_variance, noise : (N, D); z = mean + standard deviation * noise, N at least 2
    training_images : at least N
    """
    n = len(mean)
    z = mean + (0.5 * log_variance).exp() * noise
    # (N, N, D): z of a row's image under the posterior of a column's
    squared = (z[:, None] - mean).square() * (-log_variance).exp()
    log_q = -0.5 * (squared + log_variance + math.log(2 * math.pi))
    log_weights = _stratified_weights(n, max(n, training_images)).log().to(z)
    log_q_z = (log_q.sum(2) + log_weights).logsumexp(1)
    log_product = (log_q + log_weights[..., None]).logsumexp(1).sum(1)
    log_q_z_given_x = log_q.diagonal().sum(0)
    log_p = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
    return PartsOfKl(log_q_z_given_x - log_q_z, log_q_z - log_product, log_product - log_p)


def _stratified_weights(n: int, total: int) -> Tensor:
    """The weight (n, n) of each image of a batch in the mixture for each; rows sum to 1."""
    others = max(n - 1, 1)
    rows = torch.arange(n)
    weights = torch.full((n, n), 1 / others, dtype=torch.float64)
    weights[rows, rows] = 1 / total
    weights[rows, (rows + 1) % n] = (total - n + 1) / (total * others)
    return weights
