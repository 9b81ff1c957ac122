"""Untrained models and random images for the tests of latent spaces."""

from pathlib import Path

import numpy as np
import torch

from genbench import params
from genbench.models.base import registry

PARAMS = params.load(Path(__file__).parents[2] / "params.yaml")


def build(name, shape=(1, 8, 8), latent_dim=4):
    torch.manual_seed(0)
    args = PARAMS.build_args(name) | {"latent_dim": latent_dim}
    return registry.build(name, shape, 3, **args).eval()


def random_images(n=60, channels=1, size=8):
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (n, channels, size, size), dtype=np.uint8)
    return x, np.arange(n) % 3
