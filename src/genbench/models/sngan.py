"""SNGAN: a spectrally normalised discriminator and the hinge loss (Miyato et al. 2018).

Source: arXiv:1802.05957. Adam with the betas of DCGAN.
"""

from ..nets import Decoder, Encoder
from .adversarial import HingeGAN


class Model(HingeGAN):
    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: float,
        discriminator_moves: int,
    ):
        super().__init__(latent_dim=latent_dim, lr=lr, judge_moves=discriminator_moves)
        self.generator = Decoder(latent_dim, image_shape, width)
        self.discriminator = Encoder(image_shape, 1, width, norm="spectral")
