"""The original GAN, fully connected (Goodfellow et al. 2014, arXiv:1406.2661)."""

import math

from torch import nn

from ..networks.conv import mlp
from ..utils.choices import Rate
from .base.adversarial import GAN


class Model(GAN):
    def __init__(self, image_shape, classes, *, latent_dim: int, width: int, lr: Rate):
        super().__init__(latent_dim=latent_dim, lr=lr)
        pixels = math.prod(image_shape)
        self.generator = nn.Sequential(
            mlp(latent_dim, 8 * width, 16 * width, pixels),
            nn.Tanh(),
            nn.Unflatten(1, image_shape),
        )
        self.discriminator = nn.Sequential(
            nn.Flatten(),
            mlp(pixels, 16 * width, 8 * width, 1),
        )
