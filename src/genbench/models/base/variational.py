"""What VAEs share: a posterior, a likelihood, and the evidence lower bound (ELBO) in nats."""

import math

import torch
from torch import Tensor, nn

from ...networks.likelihoods import Likelihood, LikelihoodKind
from ...networks.losses import kl_to_standard_normal
from .interface import GenerativeModel, check_minimum

ACTIVE_VARIANCE = 0.01
"""A latent is active if its posterior mean varies over images by more than this variance."""
NOISE_BANK_SIZE, NOISE_STRIDE = 4099, 977
"""Noise vectors in store, a prime number; how far apart those of one image are."""


def reparameterize(mean: Tensor, log_variance: Tensor, noise: Tensor | float) -> Tensor:
    """A draw from a Gaussian, made of noise from N(0, 1)."""
    return mean + (0.5 * log_variance).exp() * noise


class VAE(GenerativeModel):
    """An encoder and a decoder of one latent layer; subclasses set these two networks.

    Parameters
    ----------
    kl_warmup_images : the KL's weight rises from 0 to 1 over so many images (Bowman et al. 2016,
        arXiv:1511.06349; Sonderby et al. 2016, arXiv:1602.02282); 0: it is 1 from the start
    """

    encoder: nn.Module
    decoder: nn.Module
    diagonal_posterior = True
    """Whether the posterior is one Gaussian whose latents are independent given the image."""

    def __init__(
        self,
        image_shape,
        latent_dim: int,
        lr: float,
        likelihood: LikelihoodKind,
        kl_warmup_images: int,
    ):
        super().__init__()
        check_minimum(0, kl_warmup_images=kl_warmup_images)
        self.latent_dim, self.lr, self.kl_warmup_images = latent_dim, lr, kl_warmup_images
        self.likelihood = Likelihood(likelihood, image_shape)
        self.register_buffer(
            "images_seen", torch.zeros((), dtype=torch.long)
        )  # images, in training

    @property
    def averaged(self) -> tuple[str, ...]:
        """All networks: the encoder must be that of the decoder."""
        return tuple(name for name, _ in self.named_children())

    def encoder_output(self, x: Tensor, y: Tensor) -> Tensor | list[Tensor]:
        """What the encoder makes of images: all that the posterior is told of them."""
        return self.encoder(x)

    def posterior(self, encoded: Tensor | list[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each (N, latent_dim), from `encoder_output`."""
        return encoded.chunk(2, dim=1)

    def sample_posterior(
        self, encoded: Tensor | list[Tensor], noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """What the decoder gets for a draw from the posterior, and the KL to the prior.

        The draw is made with `noise` (N, latent_dim); {"kl": (N,) in nats}, one per layer.
        """
        posterior = self.posterior(encoded)
        return reparameterize(*posterior, noise), {"kl": kl_to_standard_normal(*posterior).sum(1)}

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        """What the decoder gets for latents (N, latent_dim) from N(0, 1)."""
        return z

    def likelihood_params(self, h: Tensor, y: Tensor) -> Tensor:
        """The decoder's output, parameters of the likelihood (N, C, H, W)."""
        return self.decoder(h)

    def log_ratio(self, encoded: Tensor | list[Tensor], noise: Tensor) -> Tensor:
        """log q(z | x) - log p(z), (N,) in nats, of what `sample_posterior` draws with `noise`."""
        mean, log_variance = self.posterior(encoded)
        z = reparameterize(mean, log_variance, noise)
        return 0.5 * (z.square() - noise.square() - log_variance).sum(1)

    def nll_and_kl(
        self, x: Tensor, y: Tensor, encoded: Tensor | list[Tensor], noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """-log p(x | z) for one draw of z, and the KLs; all (N,) in nats per image."""
        h, kls = self.sample_posterior(encoded, noise)
        return self.likelihood.nll(self.likelihood_params(h, y), x), kls

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        noise = torch.randn(len(x), self.latent_dim, device=x.device)
        reconstruction, kls = self.nll_and_kl(x, y, self.encoder_output(x, y), noise)
        reconstruction, kls = reconstruction.mean(), {k: v.mean() for k, v in kls.items()}
        kl = sum(kls.values())
        if self.training:
            self.images_seen += len(x)
        out = {"loss": self.weighted_loss(reconstruction, kl), "negative_elbo": reconstruction + kl}
        out |= {"reconstruction": reconstruction, "kl": kl} | kls
        return out | {"bits_per_dim": self.likelihood.bits_per_dim(out["negative_elbo"])}

    def weighted_loss(self, reconstruction: Tensor, kl: Tensor) -> Tensor:
        """The loss, from the two parts of the negative ELBO."""
        return reconstruction + self.kl_weight() * kl

    def kl_weight(self) -> Tensor | float:
        """The weight of the KL by now, from 0 to 1."""
        return (
            (self.images_seen / self.kl_warmup_images).clamp(max=1)
            if self.kl_warmup_images
            else 1.0
        )

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.likelihood.mean(self.likelihood_params(self.decoder_input(z, y), y))

    def encode(self, x: Tensor, y: Tensor) -> Tensor:
        return self.posterior_mean(self.encoder_output(x, y))

    def posterior_sample(self, encoded: Tensor | list[Tensor], noise: Tensor) -> Tensor:
        """A code (N, latent_dim) drawn from the posterior with `noise`."""
        return reparameterize(*self.posterior(encoded), noise)

    def kl_per_latent(self, encoded: Tensor | list[Tensor]) -> Tensor | None:
        """The KL of each latent to its prior, (N, latent_dim) in nats; None if they mix."""
        return kl_to_standard_normal(*self.posterior(encoded))

    def posterior_mean(self, encoded: Tensor | list[Tensor]) -> Tensor:
        """The code of images (N, latent_dim), from `encoder_output`: the posterior's mean."""
        return self.posterior(encoded)[0]

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also reconstruction_error, squared and summed over pixels in [-1, 1], and kl.

        All three are means over two draws from the posterior, with noise e and -e.
        """
        encoded = self.encoder_output(x, y)
        bounds, errors, kls = [], [], []
        (noise,) = self.per_image_noise(x, 1)
        for e in (noise, -noise):
            h, parts = self.sample_posterior(encoded, e)
            out, kl = self.likelihood_params(h, y), sum(parts.values())
            bounds.append(self.likelihood.nll(out, x) + kl)
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
        encoded, terms = self.encoder_output(x, y), []
        for noise in self.per_image_noise(x, draws):
            negative_log, _ = self.nll_and_kl(x, y, encoded, noise)
            terms.append(-negative_log - self.log_ratio(encoded, noise))
        return math.log(draws) - torch.stack(terms).logsumexp(0)

    def per_image_noise(self, x: Tensor, draws: int) -> Tensor:
        """Noise (draws, N, latent_dim) that each image's own pixels choose from a fixed store.

        So a score depends on no other image, and a mean over images is one over noise as well.
        """
        random = torch.Generator().manual_seed(0)
        store = torch.randn(NOISE_BANK_SIZE, self.latent_dim, generator=random).to(x.device)
        pixels = x.add(1).mul(127.5).round().long().flatten(1)
        first = (pixels * torch.arange(1, pixels.shape[1] + 1, device=x.device)).sum(1)
        further = NOISE_STRIDE * torch.arange(draws, device=x.device)
        return store[(first + further[:, None]) % NOISE_BANK_SIZE]

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """The codes."""
        return self.encode(x, y)

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also active_units, how many latents say something about the image.

        Those whose posterior mean has a variance above 0.01 over images (Burda et al. 2016,
        arXiv:1509.00519), of latent_dim.
        """
        active = (self.encode(x, y).var(0) > ACTIVE_VARIANCE).sum()
        return super().diagnose(x, y) | {"active_units": active}
