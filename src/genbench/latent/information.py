"""What a VAE's codes say of images, in nats, and how they lie to the prior."""

import math

import numpy as np
import torch
from torch import Tensor

from ..models.base.sampling import in_batches
from ..models.base.variational import ACTIVE_VARIANCE

CHUNK = 500


@torch.no_grad()
def vae_information(model, x: np.ndarray, y: np.ndarray, draws: int) -> tuple[dict, dict]:
    """Rate, distortion, and what a model with a posterior knows of images.

    Parameters
    ----------
    x, y : images (N, C, H, W) uint8 and labels (N,)
    draws : of the importance-weighted bound, which is left out for 0

    Returns
    -------
    per_image : (N,) arrays in nats: rate, the KL of the posterior to the prior; distortion, the
        negative log-likelihood given a draw; importance_weighted, see the model
    numbers : active_units, latents whose posterior mean has a variance above 0.01
        (Burda et al. 2016, arXiv:1509.00519); mmd, see `mmd`; kl_per_latent, nats in a list, of a
        model that has it; mutual_information and marginal_kl, see `surgery`, of a model whose
        posterior is one Gaussian
    """

    def parts(x, y):
        encoded, (noise,) = model.encoder_output(x, y), model.per_image_noise(x, 1)
        scores = model.scores(x, y)
        found = {"rate": scores["kl"], "distortion": scores["negative_elbo"] - scores["kl"]}
        if draws:
            found["importance_weighted"] = model.importance_weighted(x, y, draws)
        found |= {
            "code": model.posterior_mean(encoded),
            "drawn": model.posterior_sample(encoded, noise),
        }
        if (kl := model.kl_per_latent(encoded)) is not None:
            found["kl"] = kl
        if model.diagonal_posterior:
            found |= dict(zip(("mean", "log_variance"), model.posterior(encoded), strict=True))
            found["noise"] = noise
        return {k: v.cpu().double() for k, v in found.items()}

    batches = in_batches(model, parts, x, y)
    of = {k: torch.cat([batch[k] for batch in batches]) for k in batches[0]}
    per_image = {k: v.numpy() for k, v in of.items() if v.ndim == 1}
    numbers = {"active_units": int((of["code"].var(0) > ACTIVE_VARIANCE).sum())}
    numbers["mmd"] = mmd(of["drawn"], torch.from_numpy(_prior(*of["drawn"].shape)))
    if "kl" in of:
        numbers["kl_per_latent"] = of["kl"].mean(0).tolist()
    if model.diagonal_posterior:
        known = index_code_mutual_information(of["mean"], of["log_variance"], of["noise"])
        numbers["mutual_information"] = known
        numbers["marginal_kl"] = of["rate"].mean().item() - known
    return per_image, numbers


def _prior(n: int, dim: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, dim))


def index_code_mutual_information(mean: Tensor, log_variance: Tensor, noise: Tensor) -> float:
    """Mutual information of image and code under the posterior, in nats, at most log N.

    The mean of log q(z | x) - log q(z) with q(z) the mixture of all N posteriors; what the rate
    has beyond it is the divergence of that mixture from the prior, `marginal_kl`. Where it is
    near log N the images are too few to tell more.

    Parameters
    ----------
    mean, log_variance, noise : (N, D) of the posteriors; z = mean + deviation * noise

    Source: Hoffman & Johnson 2016, "ELBO surgery": their index-code mutual information.
    """
    z, precision = mean + (0.5 * log_variance).exp() * noise, (-log_variance).exp()
    own = -0.5 * (noise.square() + log_variance).sum(1)
    offset = -0.5 * (mean.square() * precision + log_variance).sum(1)
    mixed = [
        (part @ (mean * precision).T - 0.5 * part.square() @ precision.T + offset).logsumexp(1)
        for part in z.split(CHUNK)
    ]
    return (own - torch.cat(mixed) + math.log(len(z))).mean().item()


def mmd(x: Tensor, y: Tensor) -> float:
    """Squared maximum mean discrepancy of two sets (N, D), unbiased: about 0 for equal sources.

    Kernel c / (c + squared distance) with c = 2 D, which is the mean squared distance of two
    draws from N(0, 1); between 0 and 2, at times slightly below 0.
    Source: Gretton et al. 2012, JMLR 13, equation 3; kernel of Tolstikhin et al. 2018,
    arXiv:1711.01558.
    """

    def kernel(a, b):
        c = 2 * a.shape[1]
        return sum(
            (c / (c + torch.cdist(part, b).square())).sum().item() for part in a.split(CHUNK)
        )

    n, m = len(x), len(y)
    within = (kernel(x, x) - n) / (n * (n - 1)) + (kernel(y, y) - m) / (m * (m - 1))
    return within - 2 * kernel(x, y) / (n * m)
