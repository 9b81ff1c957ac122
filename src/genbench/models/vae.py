"""Variational autoencoder, convolutional (Kingma & Welling 2014, arXiv:1312.6114)."""

from typing import Literal

import torch
from torch import Tensor, nn

from ..losses import bernoulli_nll, gaussian_nll, kl_to_standard_normal
from ..nets import vae_decoder, vae_encoder
from .base import GenerativeModel

DRAWS = 4
"""Noise vectors behind the negative ELBO as a score."""


class Model(GenerativeModel):
    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: float,
        likelihood: Literal["auto", "bernoulli", "gaussian"],
    ):
        super().__init__()
        self.latent_dim, self.lr = latent_dim, lr
        grey = image_shape[0] == 1
        self.bernoulli = likelihood == "bernoulli" or (likelihood == "auto" and grey)
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)
        if not self.bernoulli:
            self.log_sigma = nn.Parameter(torch.zeros(()))  # in units of the pixel range [-1, 1]

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each (N, latent_dim)."""
        return self.encoder(x).chunk(2, dim=1)

    def negative_log_likelihood(self, z: Tensor, x: Tensor) -> Tensor:
        """-log p(x | z) in nats per image, (N,)."""
        out = self.decoder(z)
        return bernoulli_nll(out, x) if self.bernoulli else gaussian_nll(out, x, self.log_sigma)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        mean, log_variance = self.posterior(x)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        reconstruction = self.negative_log_likelihood(z, x).mean()
        kl = kl_to_standard_normal(mean, log_variance).sum(1).mean()
        return {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        out = self.decoder(z)
        return out.sigmoid().mul(2).sub(1) if self.bernoulli else out.clamp(-1, 1)

    def encode(self, x: Tensor, y: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        mean, log_variance = self.posterior(x)
        kl = kl_to_standard_normal(mean, log_variance).sum(1)
        error = (self.decode(mean, y) - x).square().flatten(1).sum(1)
        # the same noise for every image, so that a score does not depend on what is scored with it
        noise = torch.Generator().manual_seed(0)
        draws = torch.randn(DRAWS, self.latent_dim, generator=noise).to(x.device)
        spread = (0.5 * log_variance).exp()
        likelihoods = [self.negative_log_likelihood(mean + spread * e, x) for e in draws]
        return {
            "negative_elbo": torch.stack(likelihoods).mean(0) + kl,
            "reconstruction_error": error,
            "kl": kl,
        }
