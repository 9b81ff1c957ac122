"""An example of a model of your own: plain PyTorch networks, and the least-squares loss of a GAN.

Source: Mao et al. 2017, arXiv:1611.04076. To train and judge it with the others, in params.yaml:

    models: [lsgan, vae]
    zoo:
      lsgan:
        class_path: plugins/lsgan.py:Model
        lr: 0.0002
"""

import math

from torch import nn

from genbench.models.base.adversarial import GAN


class Model(GAN):
    def __init__(self, image_shape, classes, *, latent_dim: int, width: int, lr: float):
        super().__init__(latent_dim=latent_dim, lr=lr)
        pixels, hidden = math.prod(image_shape), 16 * width
        self.generator = nn.Sequential(
            *(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()),
            *(nn.Linear(hidden, pixels), nn.Tanh(), nn.Unflatten(1, image_shape)),
        )
        self.discriminator = nn.Sequential(
            *(nn.Flatten(), nn.Linear(pixels, hidden), nn.LeakyReLU(0.2)),
            *(nn.Linear(hidden, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1)),
        )

    def generator_loss(self, fake):
        return (fake - 1).square().mean() / 2

    def discriminator_loss(self, real, fake):
        return {"loss": ((real - 1).square().mean() + fake.square().mean()) / 2}
