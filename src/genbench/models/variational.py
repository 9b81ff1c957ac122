"""What VAEs share: a posterior, a likelihood, and the evidence lower bound (ELBO) in nats."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from ..losses import bernoulli_nll, gaussian_nll, kl_to_standard_normal, logistic_nll
from .base import GenerativeModel, at_least

Kind = Literal["auto", "bernoulli", "gaussian", "logistic"]
ACTIVE = 0.01
"""A latent is active if its posterior mean varies over images by more than this variance."""
STORE, STEP = 4099, 977
"""Noise vectors in store, a prime number; how far apart those of one image are."""
LOG_SCALE = -1.0
"""Where the width of a Gaussian or logistic likelihood starts, in units of the range [-1, 1]."""


def drawn(mean: Tensor, log_variance: Tensor, noise: Tensor | float) -> Tensor:
    """A draw from a Gaussian, made of noise from N(0, 1)."""
    return mean + (0.5 * log_variance).exp() * noise


class Likelihood(nn.Module):
    """p(x | z), of what a decoder puts out.

    bernoulli : grey values in [0, 1] as probabilities of white
    gaussian : a density with one learned width for all pixels
    logistic : a discretised logistic over the 256 levels, with one learned width
    auto : bernoulli for 1 channel, gaussian for 3
    """

    def __init__(self, kind: Kind, image_shape):
        super().__init__()
        colour = image_shape[0] == 3
        if kind == "bernoulli" and colour:
            raise ValueError("likelihood must be gaussian or logistic for colour, got bernoulli")
        self.kind = kind if kind != "auto" else "gaussian" if colour else "bernoulli"
        self.pixels = math.prod(image_shape)
        if self.kind != "bernoulli":
            self.log_scale = nn.Parameter(torch.full((), LOG_SCALE))

    def negative_log(self, out: Tensor, x: Tensor) -> Tensor:
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


class VAE(GenerativeModel):
    """An encoder and a decoder of one latent layer; subclasses set these two networks.

    Parameters
    ----------
    kl_warmup_images : the KL's weight rises from 0 to 1 over so many images (Bowman et al. 2016,
        arXiv:1511.06349; Sonderby et al. 2016, arXiv:1602.02282); 0: it is 1 from the start
    """

    encoder: nn.Module
    decoder: nn.Module
    factorised = True
    """Whether the posterior is one Gaussian whose latents are independent given the image."""

    def __init__(
        self, image_shape, latent_dim: int, lr: float, likelihood: Kind, kl_warmup_images: int
    ):
        super().__init__()
        at_least(0, kl_warmup_images=kl_warmup_images)
        self.latent_dim, self.lr, self.kl_warmup_images = latent_dim, lr, kl_warmup_images
        self.likelihood = Likelihood(likelihood, image_shape)
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))  # images, in training

    @property
    def averaged(self) -> tuple[str, ...]:
        """All networks: the encoder must be that of the decoder."""
        return tuple(name for name, _ in self.named_children())

    def read(self, x: Tensor, y: Tensor) -> Tensor | list[Tensor]:
        """What the encoder makes of images: all that the posterior is told of them."""
        return self.encoder(x)

    def posterior(self, seen: Tensor | list[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each (N, latent_dim), of what was `read`."""
        return seen.chunk(2, dim=1)

    def infer(self, seen: Tensor | list[Tensor], noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What the decoder gets for a draw from the posterior, and the KL to the prior.

        The draw is made with `noise` (N, latent_dim); {"kl": (N,) in nats}, one per layer.
        """
        posterior = self.posterior(seen)
        return drawn(*posterior, noise), {"kl": kl_to_standard_normal(*posterior).sum(1)}

    def from_prior(self, z: Tensor, y: Tensor) -> Tensor:
        """What the decoder gets for latents (N, latent_dim) from N(0, 1)."""
        return z

    def output(self, h: Tensor, y: Tensor) -> Tensor:
        """The decoder's output, parameters of the likelihood (N, C, H, W)."""
        return self.decoder(h)

    def log_ratio(self, seen: Tensor | list[Tensor], noise: Tensor) -> Tensor:
        """log q(z | x) - log p(z), (N,) in nats, of the draw that `infer` makes with `noise`."""
        mean, log_variance = self.posterior(seen)
        z = drawn(mean, log_variance, noise)
        return 0.5 * (z.square() - noise.square() - log_variance).sum(1)

    def terms(
        self, x: Tensor, y: Tensor, seen: Tensor | list[Tensor], noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """-log p(x | z) for one draw of z, and the KLs; all (N,) in nats per image."""
        h, kls = self.infer(seen, noise)
        return self.likelihood.negative_log(self.output(h, y), x), kls

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        noise = torch.randn(len(x), self.latent_dim, device=x.device)
        reconstruction, kls = self.terms(x, y, self.read(x, y), noise)
        reconstruction, kls = reconstruction.mean(), {k: v.mean() for k, v in kls.items()}
        kl = sum(kls.values())
        if self.training:
            self.seen += len(x)
        out = {"loss": self.weighed(reconstruction, kl), "negative_elbo": reconstruction + kl}
        out |= {"reconstruction": reconstruction, "kl": kl} | kls
        return out | {"bits_per_dim": self.likelihood.bits_per_dim(out["negative_elbo"])}

    def weighed(self, reconstruction: Tensor, kl: Tensor) -> Tensor:
        """The loss, from the two parts of the negative ELBO."""
        return reconstruction + self.warmth() * kl

    def warmth(self) -> Tensor | float:
        """The weight of the KL by now, from 0 to 1."""
        return (self.seen / self.kl_warmup_images).clamp(max=1) if self.kl_warmup_images else 1.0

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.likelihood.mean(self.output(self.from_prior(z, y), y))

    def encode(self, x: Tensor, y: Tensor) -> Tensor:
        return self.code(self.read(x, y))

    def draw(self, seen: Tensor | list[Tensor], noise: Tensor) -> Tensor:
        """A code (N, latent_dim) drawn from the posterior with `noise`."""
        return drawn(*self.posterior(seen), noise)

    def kl_per_latent(self, seen: Tensor | list[Tensor]) -> Tensor | None:
        """The KL of each latent to its prior, (N, latent_dim) in nats; None if they mix."""
        return kl_to_standard_normal(*self.posterior(seen))

    def code(self, seen: Tensor | list[Tensor]) -> Tensor:
        """The code of images (N, latent_dim), of what was `read`: the posterior's mean."""
        return self.posterior(seen)[0]

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also reconstruction_error, squared and summed over pixels in [-1, 1], and kl.

        All three are means over two draws from the posterior, with noise e and -e.
        """
        seen = self.read(x, y)
        bounds, errors, kls = [], [], []
        (noise,) = self.noise_of(x, 1)
        for e in (noise, -noise):
            h, parts = self.infer(seen, e)
            out, kl = self.output(h, y), sum(parts.values())
            bounds.append(self.likelihood.negative_log(out, x) + kl)
            errors.append((self.likelihood.mean(out) - x).square().flatten(1).sum(1))
            kls.append(kl)
        found = {"negative_elbo": bounds, "reconstruction_error": errors, "kl": kls}
        return {name: sum(pair) / 2 for name, pair in found.items()}

    def negative_elbo(self, x: Tensor, y: Tensor) -> Tensor:
        return self.scores(x, y)["negative_elbo"]

    def importance_weighted(self, x: Tensor, y: Tensor, draws: int) -> Tensor:
        """A bound of -log p(x), (N,) in nats, that falls towards it with the number of draws.

        Source: Burda et al. 2016, arXiv:1509.00519.
        """
        seen, terms = self.read(x, y), []
        for noise in self.noise_of(x, draws):
            negative_log, _ = self.terms(x, y, seen, noise)
            terms.append(-negative_log - self.log_ratio(seen, noise))
        return math.log(draws) - torch.stack(terms).logsumexp(0)

    def noise_of(self, x: Tensor, draws: int) -> Tensor:
        """Noise (draws, N, latent_dim) that each image's own pixels choose from a fixed store.

        So a score depends on no other image, and a mean over images is one over noise as well.
        """
        random = torch.Generator().manual_seed(0)
        store = torch.randn(STORE, self.latent_dim, generator=random).to(x.device)
        pixels = x.add(1).mul(127.5).round().long().flatten(1)
        first = (pixels * torch.arange(1, pixels.shape[1] + 1, device=x.device)).sum(1)
        further = STEP * torch.arange(draws, device=x.device)
        return store[(first + further[:, None]) % STORE]

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """The codes."""
        return self.encode(x, y)

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also active_units, how many latents say something about the image.

        Those whose posterior mean has a variance above 0.01 over images (Burda et al. 2016,
        arXiv:1509.00519), of latent_dim.
        """
        active = (self.encode(x, y).var(0) > ACTIVE).sum()
        return super().diagnose(x, y) | {"active_units": active}
