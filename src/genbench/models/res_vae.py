"""VAE of residual blocks, with an optional perceptual loss (Hou et al. 2017, arXiv:1610.00291)."""

from torch import Tensor

from ..networks.likelihoods import LikelihoodKind
from ..networks.vae_networks import residual_decoder, residual_encoder
from ..utils.choices import CountOrZero, Few, Rate, Weight
from .base.variational import VAE


class Model(VAE):
    """A VAE whose loss gains `perceptual` times the squared distance between features.

    They are the features of an image and of the reconstruction from its posterior mean, by the
    dataset's classifier (`perceptual_features`). The recorded negative ELBO is without it.
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
        blocks: Few,
        perceptual: Weight,
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        self.perceptual = perceptual
        self.encoder = residual_encoder(image_shape, 2 * latent_dim, width, blocks)
        self.decoder = residual_decoder(latent_dim, image_shape, width, blocks)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        out = super().loss(player, x, y)
        if not self.perceptual_features:
            return out
        reconstruction = self.decode(self.encode(x, y), y)
        difference = self.perceptual_features(reconstruction) - self.perceptual_features(x)
        distance = difference.square().sum(1).mean()
        return out | {"loss": out["loss"] + self.perceptual * distance, "perceptual": distance}
