"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1)."""

import torch
from torch import Tensor, nn

from ..losses import gradient_penalty
from ..nets import Decoder, Encoder
from ..optimizers import Adam
from .adversarial import WassersteinGAN
from .base import at_least


class Model(WassersteinGAN):
    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: float,
        penalty: float,
        critic_moves: int,
    ):
        super().__init__(latent_dim=latent_dim, lr=lr, judge_moves=critic_moves)
        at_least(0, penalty=penalty)
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
            fake = self.fake(x, y)
        with torch.enable_grad():  # the penalty is a gradient, in validation too
            penalty = gradient_penalty(self.critic, x, fake)
        out = self.judge_loss(*self.judged(x, fake, y))
        return out | {"loss": out["loss"] + self.penalty * penalty, "penalty": penalty}
