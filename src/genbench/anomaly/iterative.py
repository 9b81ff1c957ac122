"""Scores that optimize or draw much for every image."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..models.base.sampling import in_batches
from ..params.schema import Iterative
from .scores import BATCH


def iterative_scores(
    model, x: np.ndarray, y: np.ndarray, choices: Iterative
) -> dict[str, np.ndarray]:
    """The scores that `choices.scores` names and the model can have, each (N,) float32.

    importance_weighted : the bound with `choices.draws` draws (VAEs)
    likelihood_regret : by how many nats the bound falls when the posterior of each image is
        improved by `choices.steps` steps (VAEs; Xiao et al. 2020, arXiv:2003.02977, optimising
        what the posterior is told instead of the encoder's weights)
    latent_inversion : squared error of the best image that the generator can make in
        `choices.steps` steps from the mean latent (Schlegl et al. 2017, arXiv:1703.05921, without
        the discriminator's part)
    """
    known = {
        "importance_weighted": _importance_weighted,
        "likelihood_regret": _likelihood_regret,
        "latent_inversion": _latent_inversion,
    }
    has_bound = hasattr(model, "importance_weighted")
    names = [s for s in choices.scores if has_bound or s == "latent_inversion"]
    found = {}
    for name in names:
        work = lambda a, b, name=name: known[name](model, a, b, choices)  # noqa: E731
        found[name] = torch.cat(in_batches(model, work, x, y, BATCH)).float().cpu().numpy()
    return found


@torch.no_grad()
def _importance_weighted(model, x: Tensor, y: Tensor, choices: Iterative) -> Tensor:
    return model.importance_weighted(x, y, choices.draws)


def _likelihood_regret(model, x: Tensor, y: Tensor, choices: Iterative) -> Tensor:
    (noise,) = model.per_image_noise(x, 1)

    def bound(seen) -> Tensor:
        both = [model.nll_and_kl(x, y, seen, e) for e in (noise, -noise)]
        return sum(negative_log + sum(kls.values()) for negative_log, kls in both) / 2

    with torch.no_grad():
        read = model.encoder_output(x, y)
        before = bound(read)
    many = isinstance(read, list)
    leaves = [part.clone().requires_grad_() for part in (read if many else [read])]
    best = before
    for after in _optimize(leaves, lambda: bound(leaves if many else leaves[0]), choices.steps):
        best = torch.minimum(best, after)
    return before - best


def _latent_inversion(model, x: Tensor, y: Tensor, choices: Iterative) -> Tensor:
    z = torch.zeros(len(x), model.latent_dim, device=x.device, requires_grad=True)
    error = lambda: (model.decode(z, y) - x).square().flatten(1).sum(1)  # noqa: E731
    return torch.stack(list(_optimize([z], error, choices.steps))).min(0).values


def _optimize(leaves: list[Tensor], values: Callable[[], Tensor], steps: int):
    """Yield `values()` (N,) after each step of Adam on the leaves; images do not interact."""
    optimizer = torch.optim.Adam(leaves, lr=0.05)
    for _ in range(steps):
        found = values()
        yield found.detach()
        for leaf, gradient in zip(leaves, torch.autograd.grad(found.sum(), leaves), strict=True):
            leaf.grad = gradient
        optimizer.step()
    with torch.no_grad():
        yield values()
