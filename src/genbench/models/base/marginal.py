"""What a conditional model says of images whose class nobody has told it.

A detector that is told the class of the images it knows, and an arbitrary one for all others, finds
the others by their wrong label alone. So no score may depend on a label that is given.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .interface import GenerativeModel


def log_class_shares(y: np.ndarray) -> Tensor:
    """Logarithms (K,) of the shares of the labels (N,) from 0 to K - 1, of training images."""
    return torch.from_numpy(np.bincount(y) / len(y)).log().float()


def by_class(score: Callable[[Tensor], Tensor], x: Tensor, log_shares: Tensor) -> Tensor:
    """`score(labels)` of images (N, C, H, W) for each class: (K, N)."""
    labels = torch.arange(len(log_shares), device=x.device)
    return torch.stack([score(label.expand(len(x))) for label in labels])


def marginal_bound(bounds: Tensor, log_shares: Tensor) -> Tensor:
    """A bound (N,) of -log p(x) from bounds (K, N) of -log p(x | y), p(x) = sum p(y) p(x | y)."""
    return -(log_shares.to(bounds.device)[:, None] - bounds).logsumexp(0)


def marginal_scores(
    model: GenerativeModel, x: Tensor, log_shares: Tensor
) -> tuple[dict[str, Tensor], Tensor]:
    """Scores of images (N, C, H, W) without their labels, and the labels that suit them best.

    Parameters
    ----------
    log_shares : (K,) of `log_class_shares`, the prior p(y) of the classes

    Returns
    -------
    scores : as `model.scores`, each (N,). `negative_elbo` is the `marginal_bound`; every other
        score is that of the image's label
    labels : (N,) of the class whose main score is lowest, and that weighs most in p(x) where the
        main score is a bound; 0 for a model without classes
    """
    if not model.conditional:
        labels = torch.zeros(len(x), dtype=torch.long, device=x.device)
        return model.scores(x, labels), labels
    of_classes = [
        model.scores(x, y.expand(len(x))) for y in torch.arange(len(log_shares)).to(x.device)
    ]
    scores = {name: torch.stack([each[name] for each in of_classes]) for name in of_classes[0]}
    main = next(iter(scores.values()))
    weights = log_shares.to(x.device)[:, None]
    bound = scores.get("negative_elbo")
    main = main.masked_fill(weights.isinf(), math.inf) if bound is None else bound - weights
    labels = main.argmin(0)
    best = {name: values.gather(0, labels[None])[0] for name, values in scores.items()}
    if bound is not None:
        best["negative_elbo"] = marginal_bound(bound, log_shares)
    return best, labels


def best_labels(model: GenerativeModel, x: Tensor, log_shares: Tensor) -> Tensor:
    """The labels (N,) of `marginal_scores`; without classes nothing is scored for them."""
    if model.conditional:
        return marginal_scores(model, x, log_shares)[1]
    return torch.zeros(len(x), dtype=torch.long, device=x.device)
