"""What GANs share: a generator against a judge, and the three games that they play."""

import torch
from torch import Tensor, nn

from .. import losses
from ..optimizers import Adam
from .base import GenerativeModel, at_least


class GAN(GenerativeModel):
    """A generator against a discriminator, with the non-saturating loss."""

    judge = "discriminator"
    """Name of the generator's opponent, a network of that name; it moves first."""
    averaged = ("generator",)
    apart = False
    """Real and generated images are judged in two passes: batch norm must not mix them."""
    generator: nn.Module

    def __init__(self, *, latent_dim: int, lr: float, judge_moves: int = 1):
        super().__init__()
        at_least(1, **{f"{self.judge}_moves": judge_moves})
        self.latent_dim, self.lr = latent_dim, lr
        self.turns = (self.judge,) * judge_moves + ("generator",)

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {p: list(getattr(self, p).parameters()) for p in dict.fromkeys(self.turns)}

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam:
        # beta_1 = 0.5: Radford et al. 2016, arXiv:1511.06434, section 4
        return Adam(parameters, self.lr, betas=(0.5, 0.999))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.generator(z)

    def fake(self, x: Tensor, y: Tensor) -> Tensor:
        """As many generated images as there are in `x`."""
        return self.decode(torch.randn(len(x), self.latent_dim, device=x.device), y)

    def verdict(self, x: Tensor, y: Tensor) -> Tensor:
        """What the judge says of images, (N,), unbounded: larger is more real."""
        return getattr(self, self.judge)(x).squeeze(1)

    def judged(self, x: Tensor, fake: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The verdicts on real and on generated images with the same labels."""
        if self.apart:
            return self.verdict(x, y), self.verdict(fake, y)
        return self.verdict(torch.cat([x, fake]), torch.cat([y, y])).chunk(2)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player == "generator":
            return {"loss": self.generator_loss(self.verdict(self.fake(x, y), y))}
        with torch.no_grad():
            fake = self.fake(x, y)
        return self.judge_loss(*self.judged(x, fake, y))

    def generator_loss(self, fake: Tensor) -> Tensor:
        """What the generator minimises, from verdicts on its images."""
        return losses.generator_loss(fake)

    def judge_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """What the judge minimises, from its verdicts, and what is worth knowing of these."""
        loss = losses.discriminator_loss(real, fake)
        shown = {"real": real.sigmoid().mean(), "fake": fake.sigmoid().mean()}
        return {"loss": loss, **shown, "jensen_shannon": losses.jensen_shannon(loss)}

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {self.judge: -self.verdict(x, y)}

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """What the judge's last layer gets."""
        *_, last = (m for m in getattr(self, self.judge).modules() if isinstance(m, nn.Linear))
        seen = []
        handle = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        self.verdict(x, y)
        handle.remove()
        return seen[0]

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also verdict_spread, the standard deviation of the judge's verdicts on real images."""
        return super().diagnose(x, y) | {"verdict_spread": self.verdict(x, y).std()}


class HingeGAN(GAN):
    """The discriminator stops at margins of 1, the generator raises its verdicts without limit."""

    def generator_loss(self, fake: Tensor) -> Tensor:
        return -fake.mean()

    def judge_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        shown = {"real_verdict": real.mean(), "fake_verdict": fake.mean()}
        return {"loss": losses.hinge_loss(real, fake), **shown}


class WassersteinGAN(GAN):
    """A critic whose mean verdicts differ by the earth mover's distance, up to its steepness."""

    judge = "critic"

    def generator_loss(self, fake: Tensor) -> Tensor:
        return -fake.mean()

    def judge_loss(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        distance = real.mean() - fake.mean()
        return {"loss": -distance, "earth_movers_distance": distance}
