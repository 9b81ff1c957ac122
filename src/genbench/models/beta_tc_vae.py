"""beta-TC-VAE: beta weighs one part of the KL, the total correlation of the latents.

Source: Chen et al. 2018, arXiv:1802.04942.
"""

from torch import Tensor

from ..networks.likelihoods import LikelihoodKind
from ..networks.losses import parts_of_kl
from ..networks.vae_networks import vae_decoder, vae_encoder
from ..utils.choices import CountOrZero, Rate, Weight
from .base.variational import VAE


class Model(VAE):
    """Loss: reconstruction + KL + (beta - 1) total correlation.

    That is equation 4 with alpha = gamma = 1, as the KL is the sum of three parts (`parts_of_kl`);
    with beta 1 it is the loss of a VAE.
    """

    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        likelihood: LikelihoodKind,
        kl_warmup_images: CountOrZero,
        beta: Weight,
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        self.beta = beta
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)

    def penalty(self, encoder_output: Tensor, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        parts = parts_of_kl(*self.posterior(encoder_output), noise, self.training_images)
        total_correlation = parts.total_correlation.mean()
        weight = (self.beta - 1) * self.kl_weight()
        return weight * total_correlation, {"total_correlation": total_correlation}
