"""Anomaly scores that optimize or draw many samples for every image; larger is more anomalous."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np
import torch
from torch import Tensor

from ..models.base.marginal import by_class, marginal_bound, marginal_scores
from ..models.base.sampling import in_batches
from ..networks.optimizers import Adam
from ..params.schema import Iterative
from .scores import BATCH_SIZE

LEARNING_RATE = 0.05
"""Of Adam, in units of the latents or of the encoder's output."""
STEP_DRAWS = 16
JUDGE_DRAWS = 800
"""Samples of the posterior behind a step of the likelihood regret, and behind its result."""


def iterative_scores(
    model, x: np.ndarray, log_shares: Tensor, choices: Iterative
) -> dict[str, np.ndarray]:
    """The scores of `choices.scores` that the model can have, each (N,) float32.

    importance_weighted : the importance-weighted bound of the negative log-likelihood with
        `choices.draws` samples, in nats (VAEs; Burda et al. 2016, arXiv:1509.00519)
    likelihood_regret : by how many nats the negative ELBO falls in `choices.steps` steps that
        optimize the posterior of each image (VAEs; Xiao et al. 2020, arXiv:2003.02977, optimizing
        the encoder's output instead of its weights). Each step has STEP_DRAWS fresh samples, and
        before and after are means over JUDGE_DRAWS others: the regret of a posterior that cannot be
        bettered is 0 up to their noise, and may be slightly below
    latent_inversion : squared error of the best image that the generator makes in
        `choices.steps` steps from the mean latent, summed over pixels in [-1, 1] (Schlegl et al.
        2017, arXiv:1703.05921, without the discriminator's part)

    A conditional model is not told the classes (`marginal`): the bound is that of p(x), the regret
    that of the label that suits the image best, the error that of the best image of any class.

    Parameters
    ----------
    x : images (N, C, H, W) uint8; log_shares : (K,) of `log_class_shares`
    """
    log_shares = log_shares if model.conditional else torch.zeros(1)
    scores: dict[str, np.ndarray] = {}
    for name in choices.scores:
        if model.has_posterior or name == "latent_inversion":
            score = partial(SCORES[name], model, choices, log_shares)
            batches = in_batches(model, score, x, size=BATCH_SIZE)
            scores[name] = torch.cat(batches).float().cpu().numpy()
    return scores


@torch.no_grad()
def _importance_weighted(model, choices: Iterative, log_shares: Tensor, x: Tensor) -> Tensor:
    bounds = by_class(lambda y: model.importance_weighted(x, y, choices.draws), x, log_shares)
    return marginal_bound(bounds, log_shares)


def _likelihood_regret(model, choices: Iterative, log_shares: Tensor, x: Tensor) -> Tensor:
    with torch.no_grad():
        _, y = marginal_scores(model, x, log_shares)
        encoded = model.encoder_output(x, y)

    def negative_elbo(encoded: Tensor, first: int, draws: int) -> Tensor:
        total = torch.zeros(len(x), device=x.device)
        at_once = max(1, BATCH_SIZE // len(x))
        for noise in model.per_image_noise(x, draws, first).split(at_once):
            k = len(noise)
            rows = torch.cat([encoded] * k, -2)  # the images are its last axis but one
            nll, kls = model.nll_and_kl(
                x.repeat(k, 1, 1, 1), y.repeat(k), rows, noise.flatten(0, 1)
            )
            total = total + (nll + sum(kls.values())).view(k, -1).sum(0) / draws
        return total

    leaf = encoded.clone().requires_grad_()
    draws = count(JUDGE_DRAWS, STEP_DRAWS)  # fresh ones in every step, or they would be fitted
    for _ in _optimize(leaf, lambda: negative_elbo(leaf, next(draws), STEP_DRAWS), choices.steps):
        pass
    with torch.no_grad():
        before, after = (negative_elbo(each, 0, JUDGE_DRAWS) for each in (encoded, leaf))
    return before - after


def _latent_inversion(model, choices: Iterative, log_shares: Tensor, x: Tensor) -> Tensor:
    def smallest_error(y: Tensor) -> Tensor:
        z = torch.zeros(len(x), model.latent_dim, device=x.device, requires_grad=True)
        error = lambda: (model.decode(z, y) - x).square().flatten(1).sum(1)  # noqa: E731
        return torch.stack(list(_optimize(z, error, choices.steps))).min(0).values

    return by_class(smallest_error, x, log_shares).min(0).values


def _optimize(leaf: Tensor, objective: Callable[[], Tensor], steps: int) -> Iterator[Tensor]:
    """Minimize `objective()` (N,) over `leaf` by Adam; yield it before every step and at the end.

    Images do not interact: the gradient of the sum is that of each image.
    """
    optimizer = Adam([leaf], LEARNING_RATE, betas=(0.9, 0.999))
    for _ in range(steps):
        values = objective()
        yield values.detach()
        optimizer.step(torch.autograd.grad(values.sum(), leaf))
    with torch.no_grad():
        yield objective()


SCORES = {
    "importance_weighted": _importance_weighted,
    "likelihood_regret": _likelihood_regret,
    "latent_inversion": _latent_inversion,
}
