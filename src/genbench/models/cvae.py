"""Class-conditional VAE: encoder and decoder are given the class (Sohn et al. 2015, NeurIPS)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ..networks.likelihoods import LikelihoodKind
from ..networks.vae_networks import vae_decoder, vae_encoder
from ..utils.choices import CountOrZero, Rate
from .base.variational import VAE


class Model(VAE):
    conditional = True

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
        self.classes = classes
        channels, *size = image_shape
        self.encoder = vae_encoder((channels + classes, *size), 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim + classes, image_shape, width)

    def encoder_output(self, x: Tensor, y: Tensor) -> Tensor:
        one_hot = F.one_hot(y, self.classes).to(x.dtype)
        planes = one_hot[..., None, None].expand(-1, -1, *x.shape[2:])
        return super().encoder_output(torch.cat([x, planes], 1), y)

    def likelihood_params(self, decoder_input: Tensor, y: Tensor) -> Tensor:
        one_hot = F.one_hot(y, self.classes).to(decoder_input.dtype)
        return super().likelihood_params(torch.cat([decoder_input, one_hot], 1), y)
