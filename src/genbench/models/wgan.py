"""Wasserstein GAN with weight clipping (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""

import torch
from torch import Tensor, nn

from ..networks.conv import Decoder, Encoder, initialize_dcgan
from ..networks.optimizers import RMSprop
from ..utils.choices import Few, Positive, Rate
from .base.adversarial import WassersteinGAN


class Model(WassersteinGAN):
    separate_batches = True

    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        clip: Positive,
        n_critic: Few,
    ):
        super().__init__(latent_dim=latent_dim, lr=lr, discriminator_steps=n_critic)
        self.clip = clip
        self.generator = Decoder(latent_dim, image_shape, width)
        self.critic = Encoder(image_shape, 1, width, norm="batch")
        initialize_dcgan(self)
        self.after_update("critic")

    def optimizer(self, parameters: list[nn.Parameter]) -> RMSprop:
        # no momentum: the paper found Adam unstable with a clipped critic (section 4.3)
        return RMSprop(parameters, self.lr)

    @torch.no_grad()
    def after_update(self, player: str) -> None:
        if player == "critic":
            for weight in self.critic.parameters():
                weight.clamp_(-self.clip, self.clip)

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also clip_saturation, the share of the critic's weights that are at the bound."""
        weights = torch.cat([w.flatten() for w in self.critic.parameters()])
        saturation = (weights.abs() >= self.clip * (1 - 1e-5)).float().mean()
        return super().diagnose(x, y) | {"clip_saturation": saturation}
