"""Variational autoencoder, convolutional (Kingma & Welling 2014, arXiv:1312.6114)."""

from ..networks.likelihoods import LikelihoodKind
from ..networks.vae_networks import vae_decoder, vae_encoder
from ..utils.choices import CountOrZero, Rate
from .base.variational import VAE


class Model(VAE):
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
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)
