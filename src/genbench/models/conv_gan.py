"""Convolutional GAN without normalization, as taught for MNIST (Brownlee 2019).

Source: J. Brownlee, "How to Develop a GAN for Generating MNIST Handwritten Digits", 2019, whose
networks these are at 28x28x1, width 32 and latent_dim 100. As there, pixels are in [0, 1]: with
[-1, 1] and a tanh, the generator's images become black on MNIST and stay so.
"""

from torch import Tensor, nn

from ..networks.conv import CropToSize, initialize_glorot
from ..networks.linear import Linear
from ..utils.choices import Rate, ShareOrZero
from .base.adversarial import GAN


class Model(GAN):
    def __init__(
        self, image_shape, classes, *, latent_dim: int, width: int, lr: Rate, dropout: ShareOrZero
    ):
        super().__init__(latent_dim=latent_dim, lr=lr)
        channels, size, _ = image_shape
        quarter = -(-size // 4)
        d_channels = 2 * width  # 64 at the default width
        g_channels = 4 * width  # 128
        self.discriminator = nn.Sequential(
            nn.Conv2d(channels, d_channels, 3, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Conv2d(d_channels, d_channels, 3, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Flatten(),
            Linear(d_channels * quarter**2, 1),
        )
        self.generator = nn.Sequential(
            Linear(latent_dim, g_channels * quarter**2),
            nn.LeakyReLU(0.2),
            nn.Unflatten(1, (g_channels, quarter, quarter)),
            nn.ConvTranspose2d(g_channels, g_channels, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(g_channels, g_channels, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(g_channels, channels, 7, padding=3),
            nn.Sigmoid(),
            CropToSize(size),
        )
        # as in the source; with torch's own initialization the first images differ too little
        initialize_glorot(self)

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return 2 * self.generator(z) - 1

    def logits(self, x: Tensor, y: Tensor) -> Tensor:
        return super().logits((x + 1) / 2, y)
