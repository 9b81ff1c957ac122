"""Variational autoencoder, convolutional (Kingma & Welling 2014, arXiv:1312.6114)."""

import math
from typing import Literal

from torch import Tensor

from ..nets import vae_decoder, vae_encoder
from .variational import VAE, Kind


class Model(VAE):
    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: float,
        likelihood: Kind,
        kl_warmup_images: int,
        reduction: Literal["sum", "mean"],
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        mean = reduction == "mean"
        self.divisors = (math.prod(image_shape), latent_dim) if mean else (1, 1)
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)

    def weighed(self, reconstruction: Tensor, kl: Tensor) -> Tensor:
        pixels, latents = self.divisors
        return super().weighed(reconstruction / pixels, kl / latents)
