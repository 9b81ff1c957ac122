"""Hierarchical VAE with top-down inference (Sonderby et al. 2016, arXiv:1602.02282).

The posterior of each layer is built on what the layers above have drawn, as in Kingma et al. 2016
(arXiv:1606.04934) and relative to the prior there, as in Vahdat & Kautz 2020
(arXiv:2007.03898).
"""

import torch
from torch import Tensor, nn

from ..networks.conv import mlp
from ..networks.likelihoods import LikelihoodKind
from ..networks.losses import kl_to_standard_normal
from ..networks.vae_networks import vae_decoder, vae_encoder
from .base.interface import check_minimum
from .base.variational import VAE, reparameterize

HIDDEN = 128
"""Size of the encoder's features and of the states that pass from layer to layer."""


class Layer(nn.Module):
    """One stochastic layer of D latents: prior and posterior given the state from above."""

    def __init__(self, dim: int, top: bool):
        super().__init__()
        self.prior = None if top else mlp(HIDDEN, HIDDEN, 2 * dim)
        self.posterior = nn.Linear(2 * HIDDEN, 2 * dim)
        self.enter, self.mix = nn.Linear(dim, HIDDEN), mlp(HIDDEN, HIDDEN, HIDDEN)

    def step(self, state: Tensor, code: Tensor) -> Tensor:
        """The state (N, HIDDEN) below, for a code (N, D) that is N(0, 1) under the prior."""
        if self.prior is not None:
            code = reparameterize(*self.prior(state).chunk(2, 1), code)
        state = state + self.enter(code)
        return state + self.mix(state)


class Model(VAE):
    """`layers` layers of latent_dim latents each, so codes are (N, layers * latent_dim), top first.

    Codes are in units of the prior: (latent - its prior mean) / its prior deviation, which makes
    the prior N(0, 1) in all layers and leaves the KL what it was.
    """

    diagonal_posterior = False

    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: float,
        likelihood: LikelihoodKind,
        kl_warmup_images: int,
        layers: int,
    ):
        check_minimum(2, layers=layers)
        super().__init__(image_shape, layers * latent_dim, lr, likelihood, kl_warmup_images)
        self.encoder = vae_encoder(image_shape, 1, width)[:-1]  # up to its HIDDEN features
        self.up = nn.ModuleList(mlp(HIDDEN, HIDDEN, HIDDEN) for _ in range(layers - 1))
        self.layers = nn.ModuleList(Layer(latent_dim, top=i == 0) for i in range(layers))
        self.decoder = vae_decoder(HIDDEN, image_shape, width)

    def encoder_output(self, x: Tensor, y: Tensor) -> list[Tensor]:
        encoded = [self.encoder(x)]
        for up in self.up:
            encoded.append(encoded[-1] + up(encoded[-1]))
        return encoded

    def posterior(self, encoded: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the codes, of the lower layers given the means above."""
        _, *moments = self._descend(encoded, noise=None)
        return tuple(torch.cat(m, 1) for m in moments)

    def sample_posterior(
        self, encoded: list[Tensor], noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        state, means, log_variances = self._descend(encoded, noise)
        pairs = zip(means, log_variances, strict=True)
        kls = [kl_to_standard_normal(*pair).sum(1) for pair in pairs]
        return state, {f"kl_layer_{i}": kl for i, kl in enumerate(kls, start=1)}

    def posterior_sample(self, encoded: list[Tensor], noise: Tensor) -> Tensor:
        return self._drawn(encoded, noise)[0]

    def log_ratio(self, encoded: list[Tensor], noise: Tensor) -> Tensor:
        code, log_variance = self._drawn(encoded, noise)
        return 0.5 * (code.square() - noise.square() - log_variance).sum(1)

    def _drawn(self, encoded: list[Tensor], noise: Tensor) -> tuple[Tensor, Tensor]:
        """A code drawn layer by layer, and the log-variances it was drawn with."""
        _, *moments = self._descend(encoded, noise)
        mean, log_variance = (torch.cat(m, 1) for m in moments)
        return reparameterize(mean, log_variance, noise), log_variance

    def _descend(
        self, encoded: list[Tensor], noise: Tensor | None
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The state below all layers, and each layer's moments; without noise, draws are means."""
        state, means, log_variances = torch.zeros_like(encoded[0]), [], []
        noises = [0.0] * len(self.layers) if noise is None else noise.chunk(len(self.layers), 1)
        for layer, bottom_up, e in zip(self.layers, reversed(encoded), noises, strict=True):
            mean, log_variance = layer.posterior(torch.cat([state, bottom_up], 1)).chunk(2, 1)
            state = layer.step(state, reparameterize(mean, log_variance, e))
            means.append(mean)
            log_variances.append(log_variance)
        return state, means, log_variances

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        state = z.new_zeros(len(z), HIDDEN)
        for layer, code in zip(self.layers, z.chunk(len(self.layers), 1), strict=True):
            state = layer.step(state, code)
        return state
