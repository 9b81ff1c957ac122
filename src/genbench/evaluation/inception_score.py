"""The inception score (Salimans et al. 2016, arXiv:1606.03498)."""

import torch
from torch import Tensor

from .torchmetrics_adapter import PrecomputedFeatures, isolated_randomness


def inception_score(logits: Tensor, *, splits: int, seed: int) -> tuple[float, float]:
    """exp E KL(p(class | x) || p(class)): mean and deviation over `splits` random parts.

    Parameters
    ----------
    logits : (N, K)

    Returns
    -------
    (float, float) : the score, from 1 (all alike or unsure) to K, and its deviation.

    Source: Salimans et al. 2016, arXiv:1606.03498, as torchmetrics computes it.
    """
    from torchmetrics.image.inception import InceptionScore

    with isolated_randomness(seed):
        metric = InceptionScore(feature=PrecomputedFeatures(logits.shape[1]), splits=splits)
        metric.update(logits.double())
        mean, deviation = metric.compute()
    return mean.item(), 0.0 if splits == 1 else deviation.item()


def bootstrap_inception_score(logits: Tensor, counts: Tensor) -> Tensor:
    """Inception scores (B,) of (N, K) without splits, images taken as often as `counts` (B, N)."""
    log_p = logits.double().log_softmax(1)
    p, share = log_p.exp(), counts.double() / counts.sum(1, keepdim=True)
    marginal = share @ p
    sure = share @ (p * log_p).sum(1)
    return (sure - torch.special.xlogy(marginal, marginal).sum(1)).exp()
