"""beta-VAE (Higgins et al. 2017), with capacity annealing (Burgess et al. 2018) as an option."""

from torch import Tensor

from ..nets import vae_decoder, vae_encoder
from .base import at_least
from .variational import VAE, Kind


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
        lr: float,
        likelihood: Kind,
        kl_warmup_images: int,
        beta: float,
        capacity: float,
        capacity_images: int,
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        at_least(0, beta=beta, capacity=capacity)
        at_least(1, capacity_images=capacity_images)
        self.beta, self.capacity, self.capacity_images = beta, capacity, capacity_images
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)

    def weighed(self, reconstruction: Tensor, kl: Tensor) -> Tensor:
        if self.capacity:
            kl = (kl - self.capacity * (self.seen / self.capacity_images).clamp(max=1)).abs()
        return super().weighed(reconstruction, self.beta * kl)
