"""SNGAN: a spectrally normalized discriminator and the hinge loss (Miyato et al. 2018).

Source: arXiv:1802.05957. Adam with the betas of DCGAN.
"""

from ..networks.conv import Decoder, Encoder
from ..utils.choices import Few, Rate
from .base.adversarial import HingeGAN


class Model(HingeGAN):
    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        d_steps_per_g_step: Few,
    ):
        super().__init__(latent_dim=latent_dim, lr=lr, discriminator_steps=d_steps_per_g_step)
        self.generator = Decoder(latent_dim, image_shape, width)
        self.discriminator = Encoder(image_shape, 1, width, norm="spectral")
