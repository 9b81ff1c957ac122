"""Class-conditional GAN with a projection discriminator (Miyato & Koyama 2018, arXiv:1802.05637).

The generator's batch normalization is conditional on the class; spectral normalization and the
hinge loss as in Miyato et al. 2018, arXiv:1802.05957.
"""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ..networks.conv import Decoder, Encoder
from ..networks.linear import Linear
from ..utils.choices import Few, Rate
from .base.adversarial import HingeGAN


class ProjectionDiscriminator(nn.Module):
    """Images (N, C, H, W) and labels (N,) to logits (N,): w f(x) + b + v_y f(x), f the features.

    Source: Miyato & Koyama 2018.
    """

    def __init__(self, image_shape, classes: int, width: int):
        super().__init__()
        self.body = Encoder(image_shape, None, width, norm="spectral")
        self.head = spectral_norm(Linear(self.body.n_features, 1))
        self.embedding = spectral_norm(nn.Embedding(classes, self.body.n_features))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        features = self.body(x)
        return self.head(features).squeeze(1) + (self.embedding(y) * features).sum(1)


class Model(HingeGAN):
    conditional = True

    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        d_steps_per_g_step: Few,
    ):
        super().__init__(latent_dim=latent_dim, lr=lr, discriminator_steps=d_steps_per_g_step)
        self.generator = Decoder(latent_dim, image_shape, width, classes=classes)
        self.discriminator = ProjectionDiscriminator(image_shape, classes, width)

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.generator(z, y)

    def logits(self, x: Tensor, y: Tensor) -> Tensor:
        return self.discriminator(x, y)
