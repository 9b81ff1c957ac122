"""What GANs share: a generator against a discriminator, and three pairs of losses."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...networks import losses
from ...networks.augment import augment
from ...networks.conv import Decoder, Encoder
from ...networks.optimizers import Adam, RMSprop
from .interface import GenerativeModel


class GAN(GenerativeModel):
    """A generator against a discriminator, with the non-saturating loss.

    Source: Goodfellow et al. 2014, arXiv:1406.2661.
    """

    discriminator_name = "discriminator"
    """Name of the player, and of the network, that tells real from generated images."""
    averaged: tuple[str, ...] = ("generator",)
    separate_batches = False
    """Whether real and generated images pass the discriminator in batches of their own.

    With batch normalization they must: its statistics would mix the two.
    """
    augmentations: Sequence[str] = ()
    """Of all images in training, real and generated alike; set before one, see `augment`."""
    generator: nn.Module

    def __init__(self, *, latent_dim: int, lr: float, discriminator_steps: int = 1):
        super().__init__()
        self.latent_dim = latent_dim
        self.lr = lr
        self.update_order = (self.discriminator_name,) * discriminator_steps + ("generator",)

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {p: list(getattr(self, p).parameters()) for p in dict.fromkeys(self.update_order)}

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam | RMSprop:
        # beta_1 = 0.5: Radford et al. 2016, arXiv:1511.06434, section 4
        return Adam(parameters, self.lr, betas=(0.5, 0.999))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.generator(z)

    def generate_like(self, x: Tensor, y: Tensor) -> Tensor:
        """Generate as many images as there are in `x`, with the labels `y`."""
        return self.decode(torch.randn(len(x), self.latent_dim, device=x.device), y)

    def logits(self, x: Tensor, y: Tensor) -> Tensor:
        """The discriminator's output for images, (N,), unbounded: larger is more real."""
        return getattr(self, self.discriminator_name)(x).squeeze(1)

    def discriminate(self, x: Tensor, fake: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of real and of generated images with the same labels."""
        if self.separate_batches:
            return self.logits(x, y), self.logits(fake, y)
        real_logits, fake_logits = self.logits(torch.cat([x, fake]), torch.cat([y, y])).chunk(2)
        return real_logits, fake_logits

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player == "generator":
            fake = self.augment(self.generate_like(x, y))
            return {"loss": self.generator_loss(self.logits(fake, y))}
        with torch.no_grad():
            fake = self.augment(self.generate_like(x, y))
        return self.discriminator_loss(*self.discriminate(self.augment(x), fake, y))

    def augment(self, x: Tensor) -> Tensor:
        """Images as the discriminator sees them in training; all else sees them whole."""
        return augment(x, self.augmentations) if self.training else x

    def generator_loss(self, fake: Tensor) -> Tensor:
        """What the generator minimizes, from the logits of its images."""
        return losses.generator_loss(fake)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """What the discriminator minimizes, from its logits, and diagnostics of these."""
        loss = losses.discriminator_loss(real, fake)
        return {
            "loss": loss,
            "real": real.sigmoid().mean(),
            "fake": fake.sigmoid().mean(),
            "jensen_shannon": losses.jensen_shannon(loss),
        }

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The negative logit, named after the discriminator."""
        return {self.discriminator_name: -self.logits(x, y)}

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """The input of the discriminator's last linear layer, (N, D)."""
        modules = getattr(self, self.discriminator_name).modules()
        *_, last = (m for m in modules if isinstance(m, nn.Linear))
        inputs = []
        handle = last.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        self.logits(x, y)
        handle.remove()
        return inputs[0]

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also real_logit_std, the standard deviation of the logits of real images."""
        return super().diagnose(x, y) | {"real_logit_std": self.logits(x, y).std()}


class HingeGAN(GAN):
    """The discriminator has the hinge loss, the generator raises its logits without limit.

    Source: Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957.
    """

    def generator_loss(self, fake: Tensor) -> Tensor:
        return -fake.mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {
            "loss": losses.hinge_loss(real, fake),
            "real_logit": real.mean(),
            "fake_logit": fake.mean(),
        }


class WassersteinGAN(GAN):
    """A critic whose mean outputs differ by the earth mover's distance, up to a Lipschitz constant.

    Source: Arjovsky et al. 2017, arXiv:1701.07875.
    """

    discriminator_name = "critic"

    def generator_loss(self, fake: Tensor) -> Tensor:
        return -fake.mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        distance = real.mean() - fake.mean()
        return {"loss": -distance, "earth_movers_distance": distance}


class GradientPenaltyGAN(WassersteinGAN):
    """A Wasserstein GAN whose critic is held to gradients of norm 1 between real and fake images.

    Source: Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1.
    """

    def __init__(
        self, image_shape, *, latent_dim: int, width: int, lr: float, penalty: float, n_critic: int
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
        x = self.augment(x)
        with torch.no_grad():
            fake = self.augment(self.generate_like(x, y))
        with torch.enable_grad():  # the penalty is a gradient, in validation too
            penalty = losses.gradient_penalty(self.critic, x, fake)
        out = self.discriminator_loss(*self.discriminate(x, fake, y))
        return out | {"loss": out["loss"] + self.penalty * penalty, "penalty": penalty}
