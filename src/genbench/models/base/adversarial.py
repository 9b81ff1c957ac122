"""What GANs share: a generator against a judge, and the three games that they play."""

import torch
from torch import Tensor, nn

from ...networks import losses
from ...networks.optimizers import Adam
from .interface import GenerativeModel


class GAN(GenerativeModel):
    """A generator against a discriminator, with the non-saturating loss."""

    discriminator_name = "discriminator"
    """Name of the generator's opponent, a network of that name; it moves first."""
    averaged = ("generator",)
    separate_batches = False
    """Real and generated images are judged in two passes: batch norm must not mix them."""
    generator: nn.Module

    def __init__(self, *, latent_dim: int, lr: float, discriminator_steps: int = 1):
        super().__init__()
        self.latent_dim, self.lr = latent_dim, lr
        self.update_order = (self.discriminator_name,) * discriminator_steps + ("generator",)

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {p: list(getattr(self, p).parameters()) for p in dict.fromkeys(self.update_order)}

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam:
        # beta_1 = 0.5: Radford et al. 2016, arXiv:1511.06434, section 4
        return Adam(parameters, self.lr, betas=(0.5, 0.999))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.generator(z)

    def generate_like(self, x: Tensor, y: Tensor) -> Tensor:
        """As many generated images as there are in `x`."""
        return self.decode(torch.randn(len(x), self.latent_dim, device=x.device), y)

    def logits(self, x: Tensor, y: Tensor) -> Tensor:
        """What the judge says of images, (N,), unbounded: larger is more real."""
        return getattr(self, self.discriminator_name)(x).squeeze(1)

    def discriminate(self, x: Tensor, fake: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The verdicts on real and on generated images with the same labels."""
        if self.separate_batches:
            return self.logits(x, y), self.logits(fake, y)
        return self.logits(torch.cat([x, fake]), torch.cat([y, y])).chunk(2)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player == "generator":
            return {"loss": self.generator_loss(self.logits(self.generate_like(x, y), y))}
        with torch.no_grad():
            fake = self.generate_like(x, y)
        return self.discriminator_loss(*self.discriminate(x, fake, y))

    def generator_loss(self, fake: Tensor) -> Tensor:
        """What the generator minimises, from verdicts on its images."""
        return losses.generator_loss(fake)

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """What the judge minimises, from its verdicts, and what is worth knowing of these."""
        loss = losses.discriminator_loss(real, fake)
        shown = {"real": real.sigmoid().mean(), "fake": fake.sigmoid().mean()}
        return {"loss": loss, **shown, "jensen_shannon": losses.jensen_shannon(loss)}

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {self.discriminator_name: -self.logits(x, y)}

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """What the judge's last layer gets."""
        *_, last = (
            m for m in getattr(self, self.discriminator_name).modules() if isinstance(m, nn.Linear)
        )
        seen = []
        handle = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        self.logits(x, y)
        handle.remove()
        return seen[0]

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also real_logit_std, the standard deviation of the judge's verdicts on real images."""
        return super().diagnose(x, y) | {"real_logit_std": self.logits(x, y).std()}


class HingeGAN(GAN):
    """The discriminator stops at margins of 1, the generator raises its verdicts without limit."""

    def generator_loss(self, fake: Tensor) -> Tensor:
        return -fake.mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        shown = {"real_logit": real.mean(), "fake_logit": fake.mean()}
        return {"loss": losses.hinge_loss(real, fake), **shown}


class WassersteinGAN(GAN):
    """A critic whose mean verdicts differ by the earth mover's distance, up to its steepness."""

    discriminator_name = "critic"

    def generator_loss(self, fake: Tensor) -> Tensor:
        return -fake.mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        distance = real.mean() - fake.mean()
        return {"loss": -distance, "earth_movers_distance": distance}
