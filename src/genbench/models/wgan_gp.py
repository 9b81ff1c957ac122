"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1)."""

import torch
from torch import Tensor, nn

from ..networks.conv import Decoder, Encoder
from ..networks.losses import gradient_penalty
from ..networks.optimizers import Adam
from ..utils.choices import Few, Rate, Weight
from .base.adversarial import WassersteinGAN


class Model(WassersteinGAN):
    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        penalty: Weight,
        n_critic: Few,
    ):
        super().__init__(latent_dim=latent_dim, lr=lr, discriminator_steps=n_critic)
        self.penalty = penalty
        self.generator = Decoder(latent_dim, image_shape, width)
        # no batch norm: the penalty is per image (section 4)
        self.critic = Encoder(image_shape, 1, width, norm=None)

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam:
        return Adam(parameters, self.lr, betas=(0.0, 0.9))

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player == "generator":
            return super().loss(player, x, y)
        with torch.no_grad():
            fake = self.generate_like(x, y)
        with torch.enable_grad():  # the penalty is a gradient, in validation too
            penalty = gradient_penalty(self.critic, x, fake)
        out = self.discriminator_loss(*self.discriminate(x, fake, y))
        return out | {"loss": out["loss"] + self.penalty * penalty, "penalty": penalty}
