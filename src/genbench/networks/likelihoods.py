"""p(x | z), of what a decoder puts out: Bernoulli, Gaussian, discretized logistic."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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


def logistic_nll(mean: Tensor, x: Tensor, log_scale: Tensor) -> Tensor:
    """-log P(x) in nats per image: a logistic distribution cut into the 256 grey levels of [-1, 1].

    A probability, which sums to 1: the lowest and the highest level take the tails.
    Source: Kingma et al. 2016, arXiv:1606.04934; edges as in Salimans et al. 2017,
    arXiv:1701.05517. Of s(a) - s(b), s the sigmoid, the logarithm is taken as
    log s(a) + log s(-b) + log(1 - exp(b - a)), which loses nothing where both are near 0 or 1.
    """
    sharpness, half = (-log_scale).exp(), 1 / 255
    above, below = ((x - mean + side) * sharpness for side in (half, -half))
    inside = (-torch.expm1(-2 * half * sharpness)).log()
    lowest, highest = x < -1 + half, x > 1 - half
    log_p = torch.where(highest, 0.0, F.logsigmoid(above))
    log_p = log_p + torch.where(lowest, 0.0, F.logsigmoid(-below))
    return -torch.where(lowest | highest, log_p, log_p + inside).flatten(1).sum(1)


LikelihoodKind = Literal["auto", "bernoulli", "gaussian", "logistic"]
INITIAL_LOG_SCALE = -1.0
"""Where the width of a Gaussian or logistic likelihood starts, in units of the range [-1, 1]."""


class Likelihood(nn.Module):
    """p(x | z), of what a decoder puts out.

    bernoulli : grey values in [0, 1] as probabilities of white
    gaussian : a density with one learned width for all pixels
    logistic : a discretised logistic over the 256 levels, with one learned width
    auto : bernoulli for 1 channel, gaussian for 3
    """

    def __init__(self, kind: LikelihoodKind, image_shape):
        super().__init__()
        colour = image_shape[0] == 3
        if kind == "bernoulli" and colour:
            raise ValueError("likelihood must be gaussian or logistic for colour, got bernoulli")
        self.kind = kind if kind != "auto" else "gaussian" if colour else "bernoulli"
        self.pixels = math.prod(image_shape)
        if self.kind != "bernoulli":
            self.log_scale = nn.Parameter(torch.full((), INITIAL_LOG_SCALE))

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-log p(x | z) in nats per image, (N,)."""
        if self.kind == "bernoulli":
            return bernoulli_nll(out, x)
        density = gaussian_nll if self.kind == "gaussian" else logistic_nll
        return density(out, x, self.log_scale)

    def mean(self, out: Tensor) -> Tensor:
        """The expected image, in [-1, 1]."""
        return out.sigmoid().mul(2).sub(1) if self.kind == "bernoulli" else out.clamp(-1, 1)

    def bits_per_dim(self, nats: Tensor) -> Tensor:
        """Nats per image as bits per pixel and channel, of pixels with 256 levels.

        Exact for logistic. Gaussian: the density per grey level, 2/255 wide. Bernoulli: of pixels
        read as black or white, so not to be compared with the others.
        """
        level = math.log(255 / 2) if self.kind == "gaussian" else 0.0
        return (nats / self.pixels + level) / math.log(2)
