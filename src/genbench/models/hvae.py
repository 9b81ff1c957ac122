"""Hierarchical VAE with top-down inference (Sonderby et al. 2016, arXiv:1602.02282).

The posterior of each layer depends on the samples of the layers above, as in Kingma et al. 2016
(arXiv:1606.04934), and is relative to the prior, as in Vahdat & Kautz 2020 (arXiv:2007.03898).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..networks.conv import mlp
from ..networks.likelihoods import LikelihoodKind
from ..networks.linear import Linear
from ..networks.losses import kl_to_standard_normal
from ..networks.vae_networks import vae_decoder, vae_encoder
from ..utils.choices import CountOrZero, Rate, Several
from .base.variational import VAE, reparameterize

HIDDEN = 128
"""Size of the encoder's features and of the state that passes from layer to layer."""


class Layer(nn.Module):
    """One stochastic layer of D latents: prior and posterior given the layers above."""

    def __init__(self, dim: int, top: bool):
        super().__init__()
        self.prior = None if top else mlp(HIDDEN, HIDDEN, 2 * dim)
        self.posterior = Linear(2 * HIDDEN, 2 * dim)
        self.enter = Linear(dim, HIDDEN)
        self.mix = mlp(HIDDEN, HIDDEN, HIDDEN)

    def step(self, state: Tensor, z: Tensor) -> Tensor:
        """The next state (N, HIDDEN), for latents z (N, D) that are N(0, 1) under the prior."""
        if self.prior is not None:
            mean, log_variance = self.prior(state).chunk(2, 1)
            z = reparameterize(mean, log_variance, z)
        state = state + self.enter(z)
        return state + self.mix(state)


class Model(VAE):
    """A VAE with `layers` layers of latent_dim latents each; z has them all, the top layer first.

    Latents are standardized by their prior: (latent - prior mean) / prior standard deviation. That
    makes the prior N(0, 1) in all layers and does not change the KL.
    """

    diagonal_posterior = False
    layers: Sequence[Layer]

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
        layers: Several,
    ):
        super().__init__(image_shape, layers * latent_dim, lr, likelihood, kl_warmup_images)
        self.encoder = vae_encoder(image_shape, 1, width)[:-1]  # up to its HIDDEN features
        self.up = nn.ModuleList(mlp(HIDDEN, HIDDEN, HIDDEN) for _ in range(layers - 1))
        stack = nn.ModuleList(Layer(latent_dim, top=i == 0) for i in range(layers))
        self.layers = stack  # type: ignore[assignment]  # torch does not type its elements
        self.decoder = vae_decoder(HIDDEN, image_shape, width)

    def encoder_output(self, x: Tensor, y: Tensor) -> Tensor:
        """What each layer's posterior depends on, (layers, N, HIDDEN), the bottom layer first."""
        features = [self.encoder(x)]
        for up in self.up:
            features.append(features[-1] + up(features[-1]))
        return torch.stack(features)

    def posterior(self, encoder_output: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latents, of the lower layers given the means above."""
        _, means, log_variances = self._top_down_pass(encoder_output, noise=None)
        return torch.cat(means, 1), torch.cat(log_variances, 1)

    def sample_posterior(
        self, encoder_output: Tensor, noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        state, means, log_variances = self._top_down_pass(encoder_output, noise)
        pairs = zip(means, log_variances, strict=True)
        kls = [kl_to_standard_normal(*pair).sum(1) for pair in pairs]
        return state, {f"kl_layer_{i}": kl for i, kl in enumerate(kls, start=1)}

    def posterior_sample(self, encoder_output: Tensor, noise: Tensor) -> Tensor:
        return self._sample_with_log_variance(encoder_output, noise)[0]

    def log_ratio(self, encoder_output: Tensor, noise: Tensor) -> Tensor:
        z, log_variance = self._sample_with_log_variance(encoder_output, noise)
        return 0.5 * (z.square() - noise.square() - log_variance).sum(1)

    def _sample_with_log_variance(
        self, encoder_output: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Latents sampled layer by layer, and the log-variances of their posteriors."""
        _, means, log_variances = self._top_down_pass(encoder_output, noise)
        mean = torch.cat(means, 1)
        log_variance = torch.cat(log_variances, 1)
        return reparameterize(mean, log_variance, noise), log_variance

    def _top_down_pass(
        self, encoder_output: Tensor, noise: Tensor | None
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The last state, and each layer's posterior means and log-variances.

        Latents are sampled with `noise` (N, layers * D); without, they are the means.
        """
        n_layers = len(self.layers)
        noises: Sequence[Tensor | float]
        noises = [0.0] * n_layers if noise is None else noise.chunk(n_layers, 1)
        features = encoder_output.unbind()[::-1]
        state = torch.zeros_like(encoder_output[0])
        means = []
        log_variances = []
        for layer, bottom_up, e in zip(self.layers, features, noises, strict=True):
            mean, log_variance = layer.posterior(torch.cat([state, bottom_up], 1)).chunk(2, 1)
            state = layer.step(state, reparameterize(mean, log_variance, e))
            means.append(mean)
            log_variances.append(log_variance)
        return state, means, log_variances

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        state = z.new_zeros(len(z), HIDDEN)
        for layer, part in zip(self.layers, z.chunk(len(self.layers), 1), strict=True):
            state = layer.step(state, part)
        return state
