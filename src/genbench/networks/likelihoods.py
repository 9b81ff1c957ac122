"""p(x | z) given a decoder's output: Bernoulli, Gaussian, discretized logistic."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) in nats per image for pixels in [-1, 1], scaled to [0, 1].

    A cross-entropy rather than a likelihood where pixels are neither 0 nor 1.
    """
    target = x.add(1).div(2)
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return loss.flatten(1).sum(1)


def gaussian_nll(mean: Tensor, x: Tensor, log_sigma: Tensor) -> Tensor:
    """-log N(x; mean, sigma^2) in nats per image, density over pixels in [-1, 1].

    Source: one learned sigma for all pixels, Rybkin et al. 2021, arXiv:2006.13202.
    """
    scaled = (x - mean) * (-log_sigma).exp()
    return (0.5 * scaled.square() + log_sigma + 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)


def logistic_nll(mean: Tensor, x: Tensor, log_scale: Tensor) -> Tensor:
    """-log P(x) in nats per image: a logistic distribution cut into the 256 gray levels of [-1, 1].

    A probability, which sums to 1: the lowest and the highest level take the tails.
    Source: Kingma et al. 2016, arXiv:1606.04934; edges as in Salimans et al. 2017,
    arXiv:1701.05517. Of s(a) - s(b), s the sigmoid, the logarithm is taken as
    log s(a) + log s(-b) + log(1 - exp(b - a)), which loses nothing where both are near 0 or 1.
    """
    half = 1 / 255  # the distance between two levels is 2 / 255
    inverse_scale = (-log_scale).exp()
    upper = (x - mean + half) * inverse_scale
    lower = (x - mean - half) * inverse_scale
    log_width = (-torch.expm1(-2 * half * inverse_scale)).log()
    lowest = x < -1 + half
    highest = x > 1 - half
    log_p = torch.where(highest, 0.0, F.logsigmoid(upper))
    log_p = log_p + torch.where(lowest, 0.0, F.logsigmoid(-lower))
    return -torch.where(lowest | highest, log_p, log_p + log_width).flatten(1).sum(1)


LikelihoodKind = Literal["auto", "bernoulli", "gaussian", "logistic"]
LikelihoodMeaning = Literal["discrete", "density", "bernoulli"]
INITIAL_LOG_SCALE = -1.0
"""Log of the initial scale of a Gaussian or logistic likelihood, in units of [-1, 1]."""


class Likelihood(nn.Module):
    """p(x | z) given a decoder's output (N, C, H, W).

    bernoulli : pixels in [0, 1] as probabilities of white
    gaussian : a density with one learned scale for all pixels
    logistic : a discretized logistic over the 256 levels, with one learned scale
    auto : bernoulli for 1 channel, gaussian for 3
    """

    def __init__(self, kind: LikelihoodKind, image_shape):
        super().__init__()
        color = image_shape[0] == 3
        if kind == "auto":
            kind = "gaussian" if color else "bernoulli"
        if kind == "bernoulli" and color:
            raise ValueError("likelihood must be gaussian or logistic for color, got bernoulli")
        self.kind = kind
        self.pixels = math.prod(image_shape)
        if self.kind != "bernoulli":
            self.log_scale = nn.Parameter(torch.full((), INITIAL_LOG_SCALE))

    @property
    def meaning(self) -> LikelihoodMeaning:
        """What its nats are of: see `GenerativeModel.likelihood_kind`."""
        if self.kind == "bernoulli":
            return "bernoulli"
        return "density" if self.kind == "gaussian" else "discrete"

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x | z) in nats per image, (N,)."""
        if self.kind == "bernoulli":
            return bernoulli_nll(output, x)
        density = gaussian_nll if self.kind == "gaussian" else logistic_nll
        return density(output, x, self.log_scale)

    def mean(self, output: Tensor) -> Tensor:
        """The expected images (N, C, H, W), in [-1, 1]."""
        if self.kind == "bernoulli":
            return output.sigmoid().mul(2).sub(1)
        return output.clamp(-1, 1)

    def bits_per_dim(self, nats: Tensor) -> Tensor:
        """Nats per image as bits per pixel and channel, of pixels with 256 levels.

        Exact for logistic. Gaussian: the density times the width of a level, 2/255. Bernoulli: of
        pixels taken as black or white, so not comparable with the others.
        """
        offset = math.log(255 / 2) if self.kind == "gaussian" else 0.0
        return (nats / self.pixels + offset) / math.log(2)
