"""Variational autoencoder, convolutional (Kingma & Welling 2014, arXiv:1312.6114)."""

import torch
from torch import Tensor

from ..networks.likelihoods import LikelihoodKind
from ..networks.vae_networks import vae_decoder, vae_encoder
from ..utils.choices import CountOrZero, Few, Rate
from .base.variational import VAE


class Model(VAE):
    """With `draws` above 1 an importance-weighted autoencoder.

    It minimizes the tighter bound of so many samples of the posterior, at so many times the cost.
    Source: Burda et al. 2016, arXiv:1509.00519.
    """

    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        likelihood: LikelihoodKind,
        kl_warmup_images: CountOrZero,
        draws: Few = 1,
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        self.draws = draws
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        terms = super().loss(player, x, y)
        if self.draws > 1:
            noises = torch.randn(self.draws, len(x), self.latent_dim, device=x.device)
            terms["loss"] = self.importance_bound(x, y, noises, self.kl_weight()).mean()
        return terms
