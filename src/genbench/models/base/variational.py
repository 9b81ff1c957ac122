"""What VAEs share: a posterior, a likelihood, and the evidence lower bound (ELBO) in nats."""

import math
from functools import reduce

import torch
from torch import Tensor, nn

from ...networks.likelihoods import Likelihood, LikelihoodKind, LikelihoodMeaning
from ...networks.losses import kl_to_standard_normal
from .interface import GenerativeModel

ACTIVE_VARIANCE = 0.01
"""A latent is active if its posterior mean varies over images by more than this variance."""
NOISE_BANK_SIZE = 4099  # noise vectors of `per_image_noise`, a prime number
NOISE_STRIDE = 977  # between the noise vectors of one image


def reparameterize(mean: Tensor, log_variance: Tensor, noise: Tensor | float) -> Tensor:
    """A sample of a Gaussian from `noise`, one of N(0, 1) (Kingma & Welling 2014)."""
    return mean + (0.5 * log_variance).exp() * noise


class VAE(GenerativeModel):
    """An encoder and a decoder of one latent layer; subclasses set these two networks.

    Parameters
    ----------
    kl_warmup_images : the KL's weight rises from 0 to 1 over so many images (Bowman et al. 2016,
        arXiv:1511.06349; Sonderby et al. 2016, arXiv:1602.02282); 0: it is 1 from the start
    """

    encoder: nn.Module
    decoder: nn.Module
    images_seen: Tensor  # in training
    has_posterior = True
    diagonal_posterior = True
    """Whether the posterior is one Gaussian whose latents are independent given the image."""

    def __init__(
        self,
        image_shape,
        latent_dim: int,
        lr: float,
        likelihood: LikelihoodKind,
        kl_warmup_images: int,
    ):
        super().__init__()
        self.latent_dim = latent_dim
        self.lr = lr
        self.kl_warmup_images = kl_warmup_images
        self.likelihood = Likelihood(likelihood, image_shape)
        self.register_buffer("images_seen", torch.zeros((), dtype=torch.long))

    @property
    def likelihood_kind(self) -> LikelihoodMeaning:
        return self.likelihood.meaning

    @property
    def averaged(self) -> tuple[str, ...]:
        """All networks: encoder and decoder must fit each other."""
        return tuple(name for name, _ in self.named_children())

    def encoder_output(self, x: Tensor, y: Tensor) -> Tensor:
        """The encoder's output for images (N, D), all that the posterior depends on."""
        return self.encoder(x)

    def posterior(self, encoder_output: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each (N, latent_dim)."""
        mean, log_variance = encoder_output.chunk(2, dim=1)
        return mean, log_variance

    def sample_posterior(
        self, encoder_output: Tensor, noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The decoder's input for a sample of the posterior, and the KL to the prior.

        The sample is made with `noise` (N, latent_dim); {"kl": (N,) in nats}, one per layer.
        """
        posterior = self.posterior(encoder_output)
        return reparameterize(*posterior, noise), {"kl": kl_to_standard_normal(*posterior).sum(1)}

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        """The decoder's input for latents (N, latent_dim) from N(0, 1)."""
        return z

    def likelihood_params(self, decoder_input: Tensor, y: Tensor) -> Tensor:
        """The decoder's output, parameters of the likelihood (N, C, H, W)."""
        return self.decoder(decoder_input)

    def log_ratio(self, encoder_output: Tensor, noise: Tensor) -> Tensor:
        """log q(z | x) - log p(z), (N,) in nats, for the z that `noise` gives."""
        mean, log_variance = self.posterior(encoder_output)
        z = reparameterize(mean, log_variance, noise)
        return 0.5 * (z.square() - noise.square() - log_variance).sum(1)

    def nll_and_kl(
        self, x: Tensor, y: Tensor, encoder_output: Tensor, noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """-log p(x | z) for one sample z, and the KLs; all (N,) in nats per image."""
        decoder_input, kls = self.sample_posterior(encoder_output, noise)
        return self.likelihood.nll(self.likelihood_params(decoder_input, y), x), kls

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        noise = torch.randn(len(x), self.latent_dim, device=x.device)
        encoder_output = self.encoder_output(x, y)
        nll, kl_terms = self.nll_and_kl(x, y, encoder_output, noise)
        reconstruction = nll.mean()
        kls = {name: values.mean() for name, values in kl_terms.items()}
        kl = reduce(torch.add, kls.values())
        if self.training:
            self.images_seen += len(x)
        negative_elbo = reconstruction + kl
        penalty, recorded = self.penalty(encoder_output, noise)
        return {
            "loss": self.weighted_loss(reconstruction, kl) + penalty,
            "negative_elbo": negative_elbo,
            "reconstruction": reconstruction,
            "kl": kl,
            **kls,
            "bits_per_dim": self.likelihood.bits_per_dim(negative_elbo),
            **recorded,
        }

    def penalty(
        self, encoder_output: Tensor, noise: Tensor
    ) -> tuple[Tensor | float, dict[str, Tensor]]:
        """What a subclass adds to the loss, and scalars worth logging of it.

        From the posterior of a batch, and the noise (N, latent_dim) of its sample.
        """
        return 0.0, {}

    def weighted_loss(self, reconstruction: Tensor, kl: Tensor) -> Tensor:
        """The loss, from the two parts of the negative ELBO."""
        return reconstruction + self.kl_weight() * kl

    def kl_weight(self) -> Tensor | float:
        """The current weight of the KL, from 0 to 1."""
        if not self.kl_warmup_images:
            return 1.0
        return (self.images_seen / self.kl_warmup_images).clamp(max=1)

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.likelihood.mean(self.likelihood_params(self.decoder_input(z, y), y))

    def encode(self, x: Tensor, y: Tensor) -> Tensor:
        return self.posterior_mean(self.encoder_output(x, y))

    def posterior_sample(self, encoder_output: Tensor, noise: Tensor) -> Tensor:
        """A sample (N, latent_dim) of the posterior, made with `noise`."""
        return reparameterize(*self.posterior(encoder_output), noise)

    def kl_per_latent(self, encoder_output: Tensor) -> Tensor | None:
        """The KL of each latent to its prior, (N, latent_dim) in nats; None if they mix."""
        return kl_to_standard_normal(*self.posterior(encoder_output))

    def posterior_mean(self, encoder_output: Tensor) -> Tensor:
        """The posterior's mean (N, latent_dim), the latent code of an image."""
        return self.posterior(encoder_output)[0]

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """negative_elbo, reconstruction_error and kl, each (N,).

        The error is squared and summed over pixels in [-1, 1]. All three are means over two
        samples of the posterior, with noise e and -e.
        """
        encoder_output = self.encoder_output(x, y)
        (noise,) = self.per_image_noise(x, 1)
        samples = []
        for e in (noise, -noise):
            decoder_input, kls = self.sample_posterior(encoder_output, e)
            output = self.likelihood_params(decoder_input, y)
            kl = reduce(torch.add, kls.values())
            error = (self.likelihood.mean(output) - x).square().flatten(1).sum(1)
            nll = self.likelihood.nll(output, x)
            samples.append({"negative_elbo": nll + kl, "reconstruction_error": error, "kl": kl})
        first, second = samples
        return {name: (first[name] + second[name]) / 2 for name in first}

    def negative_elbo(self, x: Tensor, y: Tensor) -> Tensor:
        return self.scores(x, y)["negative_elbo"]

    def importance_weighted(self, x: Tensor, y: Tensor, draws: int) -> Tensor:
        """An upper bound of -log p(x), (N,) in nats, tighter with more samples (`draws`).

        Source: Burda et al. 2016, arXiv:1509.00519.
        """
        return self.importance_bound(x, y, self.per_image_noise(x, draws))

    def importance_bound(
        self, x: Tensor, y: Tensor, noises: Tensor, kl_weight: Tensor | float = 1.0
    ) -> Tensor:
        """The bound from samples made with `noises` (draws, N, latent_dim), (N,) in nats.

        kl_weight : of log q(z | x) - log p(z), as of the KL in the negative ELBO; 1 in the bound
        """
        encoder_output = self.encoder_output(x, y)
        log_weights = []
        for noise in noises:
            nll, _ = self.nll_and_kl(x, y, encoder_output, noise)
            log_weights.append(-nll - kl_weight * self.log_ratio(encoder_output, noise))
        return math.log(len(noises)) - torch.stack(log_weights).logsumexp(0)

    def per_image_noise(self, x: Tensor, draws: int, first: int = 0) -> Tensor:
        """Noise (draws, N, latent_dim) from a fixed bank, selected by each image's own pixels.

        So a score depends on no other image, and a mean over images is one over noise as well.
        Draws from the number `first` on: those of other numbers are others, up to
        NOISE_BANK_SIZE in all.
        """
        random = torch.Generator().manual_seed(0)
        bank = torch.randn(NOISE_BANK_SIZE, self.latent_dim, generator=random).to(x.device)
        pixels = x.add(1).mul(127.5).round().long().flatten(1)
        own = (pixels * torch.arange(1, pixels.shape[1] + 1, device=x.device)).sum(1)
        offsets = NOISE_STRIDE * torch.arange(first, first + draws, device=x.device)
        return bank[(own + offsets[:, None]) % NOISE_BANK_SIZE]

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """The posterior means."""
        return self.encode(x, y)

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Also active_units, how many codes vary by image (Burda et al. 2016, arXiv:1509.00519)."""
        active = (self.encode(x, y).var(0) > ACTIVE_VARIANCE).sum()
        return super().diagnose(x, y) | {"active_units": active}
