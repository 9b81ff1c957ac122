"""f-AnoGAN: a WGAN-GP with an encoder, for the detection of anomalies (Schlegl et al. 2019).

Source: Medical Image Analysis 54:30. There the encoder is trained when generator and critic are
done; here beside them, so that all share one budget of images.
"""

from torch import Tensor

from ..networks.conv import Encoder
from ..utils.choices import Few, Rate, Weight
from .base.adversarial import GradientPenaltyGAN


class Model(GradientPenaltyGAN):
    """Its encoder lowers the error of decode(encode(x)) in pixels and in the critic's features.

    Parameters
    ----------
    kappa : weight of the error of features beside that of pixels, each a mean over its dimensions
    """

    averaged = ("generator", "encoder")

    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        penalty: Weight,
        n_critic: Few,
        kappa: Weight,
    ):
        super().__init__(
            image_shape,
            latent_dim=latent_dim,
            width=width,
            lr=lr,
            penalty=penalty,
            n_critic=n_critic,
        )
        self.update_order += ("encoder",)
        self.kappa = kappa
        self.encoder = Encoder(image_shape, latent_dim, width, norm="batch")

    def encode(self, x: Tensor, y: Tensor) -> Tensor:
        return self.encoder(x)

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        # layer by layer: several processes share calls of whole networks, and each sees its part
        *layers, _ = self.critic.children()
        for layer in layers:
            x = layer(x)
        return x

    def errors(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean squared errors of decode(encode(x)), (N,): of pixels, and of the critic's features.

        Source: equation 4, the loss "izi_f", with `kappa` between the two.
        """
        reconstruction = self.decode(self.encode(x, y), y)
        features = self.features(reconstruction, y) - self.features(x, y)
        return (reconstruction - x).square().flatten(1).mean(1), features.square().mean(1)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        if player != "encoder":
            return super().loss(player, x, y)
        pixels, features = (error.mean() for error in self.errors(x, y))
        return {
            "loss": pixels + self.kappa * features,
            "pixel_error": pixels,
            "feature_error": features,
        }

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """f_anogan, the loss of the encoder for each image, (N,); its error of pixels; critic."""
        pixels, features = self.errors(x, y)
        errors = {"f_anogan": pixels + self.kappa * features, "reconstruction_error": pixels}
        return errors | super().scores(x, y)

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also cycle_error, the mean squared error of decode(encode(G(z))) from G(z)."""
        fake = self.generate_like(x, y)
        cycle = (self.decode(self.encode(fake, y), y) - fake).square().mean()
        return super().diagnose(x, y) | {"cycle_error": cycle}
