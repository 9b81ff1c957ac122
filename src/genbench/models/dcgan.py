"""DCGAN: strided convolutions and batch normalization (Radford et al. 2016, arXiv:1511.06434)."""

from ..networks.conv import Decoder, Encoder, initialize_dcgan
from ..utils.choices import Rate
from .base.adversarial import GAN


class Model(GAN):
    separate_batches = True

    def __init__(self, image_shape, classes, *, latent_dim: int, width: int, lr: Rate):
        super().__init__(latent_dim=latent_dim, lr=lr)
        self.generator = Decoder(latent_dim, image_shape, width)
        self.discriminator = Encoder(image_shape, 1, width, norm="batch")
        initialize_dcgan(self)
