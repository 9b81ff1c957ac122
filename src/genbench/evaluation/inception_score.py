"""The inception score (Salimans et al. 2016, arXiv:1606.03498)."""

import torch
from torch import Tensor

from .torchmetrics_adapter import PrecomputedFeatures, isolated_randomness


def inception_score(logits: Tensor, *, splits: int, seed: int) -> tuple[float, float]:
    """exp E KL(p(class | x) || p(class)): mean and standard deviation over `splits` random parts.

    Parameters
    ----------
    logits : (N, K) of generated images

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


def inception_score_of_all_images(logits: Tensor) -> float:
    """The score of logits (N, K) without splits."""
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    marginal = p.mean(0)
    mean_negative_entropy = (p * log_p).sum(1).mean()
    return (mean_negative_entropy - torch.special.xlogy(marginal, marginal).sum()).exp().item()
