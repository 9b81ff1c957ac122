"""The one interface that training, sampling and scoring know. Images: (N, C, H, W) in [-1, 1]."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...networks.likelihoods import LikelihoodMeaning
from ...networks.optimizers import Adam, RMSprop
from ...utils.distances import sqrt

N_DIAGNOSTIC = 200
"""Images generated for `diagnose`."""


class GenerativeModel(nn.Module, ABC):
    """Networks, their losses, how to decode latents, how to score images.

    In every training iteration the players named in `update_order` take one step each, in that
    order, lowering their own loss by changing only their own parameters: a generator and its
    discriminator, or the one player of a VAE.
    Subclasses take (image_shape, classes, *, latent_dim, width, lr, ...) and set the attributes.
    """

    latent_dim: int
    """Dimension of a latent vector, which is N(0, I) under the model."""
    lr: float
    update_order: tuple[str, ...] = ("model",)
    conditional = False
    """Whether an image depends on its label."""
    perceptual = 0.0
    """Weight in the loss of the distance between `perceptual_features` of images; 0 without."""
    perceptual_features: Callable[[Tensor], Tensor] | None = None
    """Images to features (N, D) of a trained classifier, set before a training that uses them."""

    @property
    def averaged(self) -> tuple[str, ...]:
        """Names of the networks whose weights are averaged over training (EMA) for sampling."""
        return ()

    def players(self) -> dict[str, list[nn.Parameter]]:
        """The parameters of each player. Every parameter belongs to exactly one."""
        return {"model": list(self.parameters())}

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam | RMSprop:
        """The optimizer of one player's parameters."""
        return Adam(parameters, self.lr, betas=(0.9, 0.999))

    @abstractmethod
    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """What `player` minimizes: {"loss": scalar}, plus any scalars worth logging."""

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Latents (N, latent_dim) and labels (N,) to images."""

    has_posterior = False
    """Whether codes are means of a posterior, with the methods of `variational.VAE`.

    Without, a model may still have an encoder, a negative ELBO, or both.
    """
    training_images = 0
    """How many images it is trained on, set before a training."""

    @property
    def likelihood_kind(self) -> LikelihoodMeaning | None:
        """What `negative_elbo` bounds; None without one. Nats of two kinds do not compare.

        discrete : -log of the probability of the 256 levels of pixels
        density : -log of a density over pixels in [-1, 1], below 0 where it is narrow
        bernoulli : the cross-entropy of gray pixels taken for probabilities of white
        """
        return None

    def encode(self, x: Tensor, y: Tensor) -> Tensor | None:
        """Images to latent codes (N, latent_dim); None without an encoder."""
        return None

    def error_map(self, x: Tensor, y: Tensor) -> Tensor | None:
        """How anomalous each pixel is, (N, H, W) at or above 0; None if the model cannot say.

        Here the squared error of decode(encode(x)), the mean over channels.
        """
        codes = self.encode(x, y)
        return None if codes is None else (self.decode(codes, y) - x).square().mean(1)

    def negative_elbo(self, x: Tensor, y: Tensor) -> Tensor | None:
        """Upper bound of -log p(x), (N,) in nats per image. None for a model without a bound."""
        return None

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Anomaly scores, each (N,), larger is more anomalous; the first is the main score."""
        return {}

    @abstractmethod
    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """The model's representation of images, (N, D), for distances between images."""

    def after_update(self, player: str) -> None:
        """Apply constraints on weights, such as WGAN clipping. Called after each update."""

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Scalars that show whether a training goes wrong, from validation images `x`.

        diversity : the variation of generated images as a share of that of real ones: the ratio
            of the root mean squared distances between two images of either; 0 if all generated
            images are equal, about 1 if they vary like the real ones.
        """
        y = y.repeat(-(-N_DIAGNOSTIC // len(y)))[:N_DIAGNOSTIC]
        fake = self.decode(torch.randn(N_DIAGNOSTIC, self.latent_dim, device=x.device), y)
        return {"diversity": sqrt(fake.var(0).sum() / x.var(0).sum().clamp_min(1e-12))}

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device
