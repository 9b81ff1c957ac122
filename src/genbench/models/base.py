"""The one interface that training, sampling and scoring know. Images: (N, C, H, W) in [-1, 1]."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from .. import losses
from ..optimizers import Adam, RMSprop


class GenerativeModel(nn.Module, ABC):
    """Networks, their losses, how to decode latents, how to score images.

    Training is a game: in every round the players named in `turns` move in order, each lowering
    its own loss by changing only its own parameters. A VAE is a game with one player.
    Subclasses take (image_shape, classes, *, latent_dim, width, lr, ...) and set the attributes.
    """

    latent_dim: int
    lr: float
    turns: tuple[str, ...] = ("model",)
    averaged: tuple[str, ...] = ()
    """Names of the networks whose weights are averaged over training (EMA) for sampling."""

    def players(self) -> dict[str, list[nn.Parameter]]:
        """Who owns which parameters. Every parameter has exactly one owner."""
        return {"model": list(self.parameters())}

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam | RMSprop:
        """How each player moves."""
        return Adam(parameters, self.lr, betas=(0.9, 0.999))

    @abstractmethod
    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """What `player` minimises: {"loss": scalar}, plus any scalars worth logging."""

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Latents (N, latent_dim) and labels (N,) to images."""

    def encode(self, x: Tensor, y: Tensor) -> Tensor | None:
        """Images to codes (N, latent_dim), the mean of the posterior. None without an encoder."""
        return None

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Anomaly scores, each (N,), larger is stranger; the first is the model's main score."""
        return {}

    def after_update(self, player: str) -> None:
        """Constraints on weights, such as WGAN clipping. Called after each move."""

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device


class GAN(GenerativeModel):
    """A generator against a discriminator, unconditional, with the non-saturating loss."""

    turns = ("discriminator", "generator")
    averaged = ("generator",)
    apart = False
    """Real and generated images are judged in two passes: batch norm must not mix them."""
    generator: nn.Module
    discriminator: nn.Module

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {p: list(getattr(self, p).parameters()) for p in dict.fromkeys(self.turns)}

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam | RMSprop:
        # beta_1 = 0.5: Radford et al. 2016, arXiv:1511.06434, section 4
        return Adam(parameters, self.lr, betas=(0.5, 0.999))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.generator(z)

    def fake(self, x: Tensor, y: Tensor) -> Tensor:
        """As many generated images as there are in `x`."""
        return self.decode(torch.randn(len(x), self.latent_dim, device=x.device), y)

    def judged(self, judge: nn.Module, x: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """What `judge` says of real and of generated images."""
        return (judge(x), judge(fake)) if self.apart else judge(torch.cat([x, fake])).chunk(2)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player == "generator":
            return {"loss": losses.generator_loss(self.discriminator(self.fake(x, y)))}
        with torch.no_grad():
            fake = self.fake(x, y)
        real, fake = self.judged(self.discriminator, x, fake)
        shown = {"real": real.sigmoid().mean(), "fake": fake.sigmoid().mean()}
        return {"loss": losses.discriminator_loss(real, fake), **shown}

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"discriminator": -self.discriminator(x).squeeze(1)}
