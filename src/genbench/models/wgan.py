"""Wasserstein GAN with weight clipping (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""

import torch
from torch import Tensor, nn

from ..nets import Decoder, Encoder, initialise_dcgan
from ..optimizers import RMSprop
from .base import GAN


class Model(GAN):
    apart = True

    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: float,
        clip: float,
        critic_moves: int,
    ):
        super().__init__()
        if critic_moves < 1:
            raise ValueError(f"critic_moves must be at least 1, got {critic_moves}")
        if clip <= 0:
            raise ValueError(f"clip must be above 0, got {clip}")
        self.latent_dim, self.lr, self.clip = latent_dim, lr, clip
        self.turns = ("critic",) * critic_moves + ("generator",)
        self.generator = Decoder(latent_dim, image_shape, width)
        self.critic = Encoder(image_shape, 1, width, norm=True)
        initialise_dcgan(self)
        self.after_update("critic")

    def optimizer(self, parameters: list[nn.Parameter]) -> RMSprop:
        # no momentum: the paper found Adam unstable with a clipped critic (section 4.3)
        return RMSprop(parameters, self.lr)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player == "generator":
            return {"loss": -self.critic(self.fake(x, y)).mean()}
        with torch.no_grad():
            fake = self.fake(x, y)
        real, fake = self.judged(self.critic, x, fake)
        gap = real.mean() - fake.mean()  # W1(data, model), up to a scale
        return {"loss": -gap, "gap": gap}

    @torch.no_grad()
    def after_update(self, player: str) -> None:
        if player == "critic":
            for weight in self.critic.parameters():
                weight.clamp_(-self.clip, self.clip)

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"critic": -self.critic(x).squeeze(1)}
