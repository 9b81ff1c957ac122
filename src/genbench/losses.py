"""Losses as functions of logits, moments and images."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z))) from logits; 2 log 2 where D cannot tell them apart.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1, with softplus instead of log:
    the gradient of log(sigmoid) dies where the logit is large.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """-E log D(G(z)) from logits, the non-saturating loss (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, target: float = 1.0
) -> Tensor:
    """Mean of (|gradient of the critic| - target)^2 at points between real and fake images.

    The norm is taken per image over channels and pixels; one random point on each line from a
    real to a fake image (N, C, H, W). Always in float32: the gradient of a gradient loses too
    much under mixed precision.
    Source: Gulrajani et al. 2017, arXiv:1704.00028, equation 3 and algorithm 1.
    """
    with torch.autocast(real.device.type, enabled=False):
        share = torch.rand(len(real), 1, 1, 1, device=real.device)
        between = real.float().lerp(fake.float(), share).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        return (gradient.flatten(1).norm(dim=1) - target).square().mean()


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, diag exp(log_variance)) || N(0, 1)) in nats, per latent: (N, D) to (N, D).

    Source: Kingma & Welling 2014, arXiv:1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) in nats per image for pixels in [-1, 1], read as grey values in [0, 1].

    A cross-entropy rather than a likelihood where pixels are neither 0 nor 1.
    """
    grey = x.add(1).div(2)
    return F.binary_cross_entropy_with_logits(logits, grey, reduction="none").flatten(1).sum(1)


def gaussian_nll(mean: Tensor, x: Tensor, log_sigma: Tensor) -> Tensor:
    """-log N(x; mean, sigma^2) in nats per image, density over pixels in [-1, 1].

    Source: one learned sigma for all pixels, Rybkin et al. 2021, arXiv:2006.13202.
    """
    scaled = (x - mean) * (-log_sigma).exp()
    return (0.5 * scaled.square() + log_sigma + 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)
