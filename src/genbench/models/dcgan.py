"""DCGAN: strided convolutions and batch normalisation (Radford et al. 2016, arXiv:1511.06434)."""

from ..nets import Decoder, Encoder, initialise_dcgan
from .base import GAN


class Model(GAN):
    apart = True

    def __init__(self, image_shape, classes, *, latent_dim: int, width: int, lr: float):
        super().__init__()
        self.latent_dim, self.lr = latent_dim, lr
        self.generator = Decoder(latent_dim, image_shape, width)
        self.discriminator = Encoder(image_shape, 1, width, norm=True)
        initialise_dcgan(self)
