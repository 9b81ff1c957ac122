"""VAE whose prior is a normalizing flow, RealNVP (Dinh et al. 2017, arXiv:1605.08803).

A flow prior is equivalent to an inverse autoregressive posterior along the encoder's path (Chen
et al. 2017, arXiv:1611.02731), and also serves sampling.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..networks.conv import mlp
from ..networks.likelihoods import LikelihoodKind
from ..networks.vae_networks import vae_decoder, vae_encoder
from ..utils.choices import CountOrZero, Few, Rate
from .base.variational import VAE, reparameterize


class AffineCoupling(nn.Module):
    """An affine coupling layer: one half of the latents scales and shifts the other half.

    Source: Dinh et al. 2017; the log-scale is kept in (-2, 2) by tanh.
    """

    mask: Tensor

    def __init__(self, dim: int, hidden: int, flipped: bool):
        super().__init__()
        mask = torch.arange(dim) % 2 == flipped
        self.register_buffer("mask", mask.float())
        self.net = mlp(dim, hidden, hidden, 2 * dim)
        for parameter in self.net[-1].parameters():  # starts as the identity
            nn.init.zeros_(parameter)

    def _scale_and_shift(self, z: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.net(z * self.mask).chunk(2, 1)
        log_scale = 2 * torch.tanh(log_scale / 2)
        return log_scale * (1 - self.mask), shift * (1 - self.mask)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z (N, D) to the next u (N, D) and log |det du/dz| (N,)."""
        log_scale, shift = self._scale_and_shift(z)
        return z * log_scale.exp() + shift, log_scale.sum(1)

    def inverse(self, u: Tensor) -> Tensor:
        """u (N, D) back to z (N, D)."""
        log_scale, shift = self._scale_and_shift(u)
        return (u - shift) * (-log_scale).exp()


class Model(VAE):
    flow: Sequence[AffineCoupling]

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
        couplings: Few,
    ):
        super().__init__(image_shape, latent_dim, lr, likelihood, kl_warmup_images)
        self.encoder = vae_encoder(image_shape, 2 * latent_dim, width)
        self.decoder = vae_decoder(latent_dim, image_shape, width)
        flow = nn.ModuleList(
            AffineCoupling(latent_dim, 4 * width, flipped=i % 2 == 1) for i in range(couplings)
        )
        self.flow = flow  # type: ignore[assignment]  # torch does not type its elements

    def flow_forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z (N, D) of the posterior to u (N, D), N(0, 1) under the prior, and log |det du/dz|."""
        log_determinant = z.new_zeros(len(z))
        for coupling in self.flow:
            z, log_det = coupling(z)
            log_determinant = log_determinant + log_det
        return z, log_determinant

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        for coupling in reversed(self.flow):
            z = coupling.inverse(z)
        return z

    def sample_posterior(
        self, encoder_output: Tensor, noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The KL is an estimate from the one sample: log q(z | x) - log p(z), at times below 0."""
        mean, log_variance = self.posterior(encoder_output)
        z = reparameterize(mean, log_variance, noise)
        u, log_determinant = self.flow_forward(z)
        # log N(noise) - log N(u) - log sigma - log |det|; the constants cancel
        kl = 0.5 * (u.square() - noise.square() - log_variance).sum(1) - log_determinant
        return z, {"kl": kl}

    def log_ratio(self, encoder_output: Tensor, noise: Tensor) -> Tensor:
        return self.sample_posterior(encoder_output, noise)[1]["kl"]

    def posterior_sample(self, encoder_output: Tensor, noise: Tensor) -> Tensor:
        return self.flow_forward(super().posterior_sample(encoder_output, noise))[0]

    def kl_per_latent(self, encoder_output: Tensor) -> None:
        """None: the flow mixes the latents, and the KL is one number for all of them."""

    def posterior_mean(self, encoder_output: Tensor) -> Tensor:
        return self.flow_forward(super().posterior_mean(encoder_output))[0]
