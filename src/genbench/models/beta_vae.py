"""beta-VAE (Higgins et al. 2017), with capacity annealing (Burgess et al. 2018) as an option."""

from torch import Tensor

from ..networks.likelihoods import LikelihoodKind
from ..networks.vae_networks import vae_decoder, vae_encoder
from ..utils.choices import Count, CountOrZero, Rate, Weight
from .base.variational import VAE


class Model(VAE):
    """Loss: reconstruction + beta KL; with a capacity, reconstruction + beta |KL - C|.

    C rises from 0 to `capacity` nats over `capacity_images` images; beta warms up in both forms.
    Source: Higgins et al. 2017, ICLR; Burgess et al. 2018, arXiv:1804.03599, where beta is called
    gamma.
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
        capacity: Weight,
        capacity_images: Count,
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        self.beta = beta
        self.capacity = capacity
        self.capacity_images = capacity_images
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)

    def weighted_loss(self, reconstruction: Tensor, kl: Tensor) -> Tensor:
        if self.capacity:
            progress = (self.images_seen / self.capacity_images).clamp(max=1)
            kl = (kl - self.capacity * progress).abs()
        return super().weighted_loss(reconstruction, self.beta * kl)
