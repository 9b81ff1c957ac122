"""Memorization: whether generated images are nearer to training than to other real images."""

import numpy as np
import torch
from torch import Tensor

from ..bootstrap import Resamples, estimate
from ..utils.images import rows_in_pairs
from ..utils.record import Estimate
from .prdc import nearest_neighbor

N_COLUMNS = 22
"""Images in a row of the figure."""


def memorization_ratio(
    train: Tensor, test: Tensor, fake: Tensor, resamples: Resamples | None = None
) -> Estimate:
    """Mean distance to the nearest training image over that to the nearest test image.

    Parameters
    ----------
    train, test : features (n, D) of as many training as test images
    fake : features (M, D) of generated images

    Returns
    -------
    Estimate : 1 if they are no nearer to what was trained on; far below if training images are
    repeated.

    Source: cf. Meehan et al. 2020, arXiv:2004.05675.
    """
    to_train, _ = nearest_neighbor(fake, train)
    to_test, _ = nearest_neighbor(fake, test)
    value = _ratio(to_train, to_test, torch.ones(1, len(fake))).item()
    return estimate(value, None if resamples is None else _ratio(to_train, to_test, resamples.fake))


def _ratio(to_train: Tensor, to_test: Tensor, counts: Tensor) -> Tensor:
    """Ratios (B,) of mean distances, image i counted counts[b, i] times, (B, M)."""
    return counts @ to_train / (counts @ to_test).clamp_min(1e-12)


def nearest_figure(
    x: np.ndarray, features: Tensor, train_x: np.ndarray, train_features: Tensor
) -> np.ndarray:
    """Generated images above the training images that are nearest to them in feature space."""
    distances, indices = nearest_neighbor(features, train_features)
    return nearest_grid(x, distances.numpy(), train_x[indices.numpy()])


def nearest_grid(x: np.ndarray, distances: np.ndarray, neighbors: np.ndarray) -> np.ndarray:
    """Images above their nearest neighbors, each (N, C, H, W), as one picture.

    Three pairs of rows: the first images, and those with the smallest distances (N,), nearest
    first.
    """
    columns = min(N_COLUMNS, len(x))
    closest = np.argsort(distances, kind="stable")[: 2 * columns]
    indices = np.concatenate([np.arange(columns), np.resize(closest, 2 * columns)])
    return rows_in_pairs(x[indices], neighbors[indices], columns)
