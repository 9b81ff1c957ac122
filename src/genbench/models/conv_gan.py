"""Convolutional GAN without normalisation, as taught for MNIST (Brownlee 2019).

Source: J. Brownlee, "How to Develop a GAN for Generating MNIST Handwritten Digits", 2019, whose
networks these are at 28x28x1, width 32 and latent_dim 100. As there, they speak of grey values in
[0, 1]: between -1 and 1 with a tanh, the generator turns black on MNIST and stays so.
"""

from torch import Tensor, nn

from ..networks.conv import Crop, initialize_glorot
from .base.adversarial import GAN


class Model(GAN):
    def __init__(
        self, image_shape, classes, *, latent_dim: int, width: int, lr: float, dropout: float
    ):
        super().__init__(latent_dim=latent_dim, lr=lr)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}")
        channels, size, _ = image_shape
        quarter = -(-size // 4)
        judging, making = 2 * width, 4 * width  # 64 and 128 filters at the default width
        self.discriminator = nn.Sequential(
            nn.Conv2d(channels, judging, 3, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Conv2d(judging, judging, 3, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Flatten(),
            nn.Linear(judging * quarter**2, 1),
        )
        self.generator = nn.Sequential(
            nn.Linear(latent_dim, making * quarter**2),
            nn.LeakyReLU(0.2),
            nn.Unflatten(1, (making, quarter, quarter)),
            nn.ConvTranspose2d(making, making, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(making, making, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(making, channels, 7, padding=3),
            nn.Sigmoid(),
            Crop(size),
        )
        initialize_glorot(self)  # the source's; torch's own lets the first images differ too little

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return 2 * self.generator(z) - 1

    def logits(self, x: Tensor, y: Tensor) -> Tensor:
        return super().logits((x + 1) / 2, y)
