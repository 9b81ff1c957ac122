"""Optimizers against their published update, written out."""

import numpy as np
import pytest
import torch

from genbench.networks.optimizers import Adam, RMSprop

GRADIENTS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
GRADIENTS[:, 2] *= 1e-6  # where the constant beside the root matters


def adam_by_hand(w, lr, betas, decay_steps=None):
    """Algorithm 1 of Kingma & Ba 2015, arXiv:1412.6980."""
    mean = square = 0
    for t, gradient in enumerate(GRADIENTS.astype(float)):
        mean = betas[0] * mean + (1 - betas[0]) * gradient
        square = betas[1] * square + (1 - betas[1]) * gradient**2
        corrected = square / (1 - betas[1] ** (t + 1))
        step = mean / (1 - betas[0] ** (t + 1)) / (np.sqrt(corrected) + 1e-8)
        w = w - lr * (1 - t / decay_steps if decay_steps else 1) * step
    return w


def rmsprop_by_hand(w, lr):
    """Tieleman & Hinton 2012, with the decay and the constant of torch."""
    square = 0
    for gradient in GRADIENTS.astype(float):
        square = 0.99 * square + 0.01 * gradient**2
        w = w - lr * gradient / (np.sqrt(square) + 1e-8)
    return w


CASES = {
    "adam": (lambda w: Adam(w, 0.1, (0.6, 0.9)), lambda w: adam_by_hand(w, 0.1, (0.6, 0.9))),
    "adam with decay": (
        lambda w: Adam(w, 0.1, (0.6, 0.9), decay_steps=5),
        lambda w: adam_by_hand(w, 0.1, (0.6, 0.9), decay_steps=5),
    ),
    "rmsprop": (lambda w: RMSprop(w, 0.1), lambda w: rmsprop_by_hand(w, 0.1)),
}


@pytest.mark.parametrize("name", CASES)
def test_an_optimizer_takes_the_steps_of_its_paper(name):
    make, by_hand = CASES[name]
    start = np.array([1.0, -2.0, 0.5])
    weight = torch.tensor(start, dtype=torch.float32)
    optimizer = make([weight])
    for gradient in GRADIENTS:
        optimizer.step((torch.from_numpy(gradient),))
    np.testing.assert_allclose(weight.numpy(), by_hand(start), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_an_optimizer_goes_on_from_its_state_alone(name):
    weights = [torch.ones(3), torch.ones(3)]
    first, second = (CASES[name][0]([weight]) for weight in weights)
    for gradient in GRADIENTS[:2]:
        first.step((torch.from_numpy(gradient),))
    weights[1].copy_(weights[0])
    for ours, theirs in zip(second.state, first.state, strict=True):
        ours.copy_(theirs)
    for gradient in GRADIENTS[2:]:
        for optimizer in (first, second):
            optimizer.step((torch.from_numpy(gradient),))
    assert torch.equal(*weights)
