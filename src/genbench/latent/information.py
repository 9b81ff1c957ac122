"""Rate, distortion and mutual information of a VAE's posterior, and its distance to the prior."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import intervals
from ..models.base.sampling import in_batches
from ..models.base.variational import ACTIVE_VARIANCE
from ..utils.distances import cdist
from ..utils.record import Estimate

CHUNK_SIZE = 500
"""Rows of a table of all pairs that are in memory at once."""


class PosteriorStatistics(NamedTuple):
    """The posterior of N images, float64 on the CPU; None where the model has no such number.

    rate : (N,) KL of the posterior to the prior, in nats
    distortion : (N,) negative log-likelihood given a sample of the posterior, in nats
    importance_weighted : (N,) bound of -log p(x) in nats; None for 0 samples
    codes, samples : (N, D) latent codes, which are posterior means, and samples of the posterior
    kl_per_latent : (N, D) in nats
    mean, log_variance : (N, D) of a posterior that is one diagonal Gaussian (before a flow)
    noise : (N, D), from which the samples are made
    """

    rate: Tensor
    distortion: Tensor
    importance_weighted: Tensor | None
    codes: Tensor
    samples: Tensor
    kl_per_latent: Tensor | None
    mean: Tensor | None
    log_variance: Tensor | None
    noise: Tensor


@torch.no_grad()
def posterior_statistics(
    model, x: np.ndarray, y: np.ndarray, iwae_samples: int
) -> PosteriorStatistics:
    """Encode images (N, C, H, W) uint8 with labels (N,), and describe their posteriors.

    Rate and distortion are means over two samples, with the same noise as in `VAE.scores`. The
    importance-weighted bound encodes once more.
    """

    def describe(x: Tensor, y: Tensor) -> PosteriorStatistics:
        encoded = model.encoder_output(x, y)
        (noise,) = model.per_image_noise(x, 1)
        pairs = [model.nll_and_kl(x, y, encoded, e) for e in (noise, -noise)]
        terms = [(nll, sum(kls.values())) for nll, kls in pairs]
        rate = sum(kl for _, kl in terms) / 2
        negative_elbo = sum(nll + kl for nll, kl in terms) / 2
        bound = model.importance_weighted(x, y, iwae_samples) if iwae_samples else None
        mean, log_variance = model.posterior(encoded) if model.diagonal_posterior else (None, None)
        return PosteriorStatistics(
            rate=rate,
            distortion=negative_elbo - rate,
            importance_weighted=bound,
            codes=model.posterior_mean(encoded),
            samples=model.posterior_sample(encoded, noise),
            kl_per_latent=model.kl_per_latent(encoded),
            mean=mean,
            log_variance=log_variance,
            noise=noise,
        )

    columns = zip(*in_batches(model, describe, x, y), strict=True)
    return PosteriorStatistics._make(
        None if parts[0] is None else torch.cat(parts).cpu().double() for parts in columns
    )


def vae_information(statistics: PosteriorStatistics) -> dict[str, Estimate]:
    """Metrics of a VAE's posterior: means over images with intervals, and numbers of all images.

    Returns
    -------
    rate, distortion, importance_weighted : nats per image, see `PosteriorStatistics`
    active_units : latents whose posterior mean has a variance above 0.01 (Burda et al. 2016,
        arXiv:1509.00519)
    mmd : of samples of the posterior and of the prior, see `mmd`
    mutual_information, marginal_kl : nats, see `index_code_mutual_information`; of a model whose
        posterior is one Gaussian
    """
    names = ("rate", "distortion", "importance_weighted")
    per_image = {name: getattr(statistics, name) for name in names}
    per_image = {name: values for name, values in per_image.items() if values is not None}
    prior = np.random.default_rng(0).standard_normal(statistics.samples.shape)
    numbers = {
        "active_units": int((statistics.codes.var(0) > ACTIVE_VARIANCE).sum()),
        "mmd": mmd(statistics.samples, torch.from_numpy(prior)),
    }
    if statistics.mean is not None and statistics.log_variance is not None:
        information = index_code_mutual_information(
            statistics.mean, statistics.log_variance, statistics.noise
        )
        numbers["mutual_information"] = information
        numbers["marginal_kl"] = statistics.rate.mean().item() - information
    metrics = intervals.means_with_intervals(per_image)
    return metrics | {name: Estimate(value=value) for name, value in numbers.items()}


def index_code_mutual_information(mean: Tensor, log_variance: Tensor, noise: Tensor) -> float:
    """Mutual information of image and latent code under the posterior, in nats, at most log N.

    The mean of log q(z | x) - log q(z) with q(z) the mixture of all N posteriors. The rest of the
    rate, `marginal_kl`, is the divergence of that mixture from the prior. A value near log N is a
    lower bound: N images cannot show more.

    Parameters
    ----------
    mean, log_variance, noise : (N, D) of the posteriors; z = mean + standard deviation * noise

    Source: Hoffman & Johnson 2016, "ELBO surgery": their index-code mutual information.
    """
    z = mean + (0.5 * log_variance).exp() * noise
    precision = (-log_variance).exp()
    log_posterior = -0.5 * (noise.square() + log_variance).sum(1)
    offset = -0.5 * (mean.square() * precision + log_variance).sum(1)
    log_mixture = [
        (part @ (mean * precision).T - 0.5 * part.square() @ precision.T + offset).logsumexp(1)
        for part in z.split(CHUNK_SIZE)
    ]
    return (log_posterior - torch.cat(log_mixture) + math.log(len(z))).mean().item()


def mmd(x: Tensor, y: Tensor) -> float:
    """Squared maximum mean discrepancy of two sets (N, D), unbiased: about 0 for equal sources.

    Kernel c / (c + squared distance) with c = 2 D, which is the mean squared distance of two
    samples of N(0, I); between 0 and 2, at times slightly below 0.
    Source: Gretton et al. 2012, JMLR 13, equation 3; kernel of Tolstikhin et al. 2018,
    arXiv:1711.01558.
    """

    def kernel_sum(a: Tensor, b: Tensor) -> float:
        c = 2 * a.shape[1]
        return sum((c / (c + cdist(part, b).square())).sum().item() for part in a.split(CHUNK_SIZE))

    n, m = len(x), len(y)
    within = (kernel_sum(x, x) - n) / (n * (n - 1)) + (kernel_sum(y, y) - m) / (m * (m - 1))
    return within - 2 * kernel_sum(x, y) / (n * m)
