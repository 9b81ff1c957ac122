"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1)."""

import torch
from torch import Tensor, nn

from ..losses import gradient_penalty
from ..nets import Decoder, Encoder
from ..optimizers import Adam
from .base import GAN


class Model(GAN):
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
        super().__init__()
        if critic_moves < 1:
            raise ValueError(f"critic_moves must be at least 1, got {critic_moves}")
        if penalty < 0:
            raise ValueError(f"penalty must be at least 0, got {penalty}")
        self.latent_dim, self.lr, self.penalty = latent_dim, lr, penalty
        self.turns = ("critic",) * critic_moves + ("generator",)
        self.generator = Decoder(latent_dim, image_shape, width)
        # no batch norm: the penalty is per image (section 4)
        self.critic = Encoder(image_shape, 1, width, norm=False)

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam:
        return Adam(parameters, self.lr, betas=(0.0, 0.9))

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player == "generator":
            return {"loss": -self.critic(self.fake(x, y)).mean()}
        with torch.no_grad():
            fake = self.fake(x, y)
        with torch.enable_grad():  # the penalty is a gradient, in validation too
            penalty = gradient_penalty(self.critic, x, fake)
        real, fake = self.judged(self.critic, x, fake)
        gap = real.mean() - fake.mean()  # W1(data, model), up to a scale
        return {"loss": self.penalty * penalty - gap, "gap": gap, "penalty": penalty}

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"critic": -self.critic(x).squeeze(1)}
