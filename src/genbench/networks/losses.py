"""Losses as functions of logits, moments and images."""

import math
from collections.abc import Callable

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
