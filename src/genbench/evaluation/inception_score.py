"""The inception score (Salimans et al. 2016, arXiv:1606.03498) and its interval."""

import torch
from torch import Tensor

from ..bootstrap import Resamples, estimate
from ..utils.record import Estimate
from .torchmetrics_adapter import PrecomputedFeatures, isolated_randomness


def inception_score(
    logits: Tensor, resamples: Resamples | None = None, *, splits: int, seed: int
) -> tuple[Estimate, Estimate]:
    """exp E KL(p(class | x) || p(class)): mean and standard deviation over `splits` random parts.

    Parameters
    ----------
    logits : (N, K) of generated images

    Returns
    -------
    (Estimate, Estimate) : the score, from 1 (all alike or unsure) to K, and its deviation.

    Source: Salimans et al. 2016, arXiv:1606.03498, as torchmetrics computes it; the interval is
    of the score without splits.
    """
    from torchmetrics.image.inception import InceptionScore

    with isolated_randomness(seed):
        metric = InceptionScore(feature=PrecomputedFeatures(logits.shape[1]), splits=splits)
        metric.update(logits.double())
        mean, deviation = metric.compute()
    scores = None if resamples is None else bootstrap_inception_score(logits, resamples.fake)
    return estimate(mean.item(), scores), estimate(0.0 if splits == 1 else deviation.item())


def bootstrap_inception_score(logits: Tensor, counts: Tensor) -> Tensor:
    """Scores (B,) of logits (N, K) without splits, image i counted counts[b, i] times, (B, N)."""
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    weights = counts.double() / counts.sum(1, keepdim=True)
    marginal = weights @ p
    mean_negative_entropy = weights @ (p * log_p).sum(1)
    return (mean_negative_entropy - torch.special.xlogy(marginal, marginal).sum(1)).exp()
