"""Copying: whether generated images are nearer to training images than real test images are."""

from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..intervals import mean_with_interval
from ..utils import files
from ..utils.images import rows_in_pairs
from ..utils.record import Estimate

N_COLUMNS = 22
"""Images in a row of the figure."""
NEAR_QUANTILE = 0.01
"""Of the test images' distances: so many of them are nearer to a training image."""


class TrainingImages(NamedTuple):
    """All training images in the classifier's features (N, D).

    test_distances : (M,) from each of the test images to the nearest of them
    """

    features: Tensor
    test_distances: Tensor

    @classmethod
    def load(cls, path: Path) -> "TrainingImages":
        """Read what the stage `reference` wrote."""
        return cls(*map(torch.from_numpy, files.load_npz(path, "train", "test_distances")))


def copying(distances: Tensor, test_distances: Tensor) -> dict[str, Estimate]:
    """Whether generated images are nearer to training images than test images are.

    Parameters
    ----------
    distances, test_distances : (n,) and (M,), from each image to the nearest training image

    Returns
    -------
    dict : `copying_z`, the z-score of the rank test of Mann and Whitney: standard normal if
        generated images are like unseen real ones, far below 0 for copies, far above 0 for images
        that are unlike the training images; `near_copies`, the share of generated images that are
        nearer to a training image than all but NEAR_QUANTILE of the test images.

    Test images that are training images too, at a distance of 0, say nothing of unseen images and
    are left out, unless all are.

    Source: Meehan et al. 2020, arXiv:2004.05675, with one cell.
    """
    is_unseen = test_distances > 0
    if is_unseen.any():
        test_distances = test_distances[is_unseen]
    n, m = len(distances), len(test_distances)
    ordered = test_distances.sort().values
    below, up_to = (torch.searchsorted(ordered, distances, right=right) for right in (False, True))
    above = ((below + up_to).double() / (2 * m)).mean().item()  # chance to be farther, ties half
    z = (above - 0.5) / sqrt((n + m + 1) / (12 * n * m))
    is_near = distances < test_distances.quantile(NEAR_QUANTILE)
    return {"copying_z": Estimate(value=z), "near_copies": mean_with_interval(is_near)}


def nearest_figure(x: np.ndarray, distances: Tensor, neighbors: np.ndarray) -> np.ndarray:
    """Generated images above their nearest training images, each (N, C, H, W), as one picture.

    Three pairs of rows: the first images, and those with the smallest distances (N,), nearest
    first.
    """
    columns = min(N_COLUMNS, len(x))
    closest = np.argsort(distances.numpy(), kind="stable")[: 2 * columns]
    indices = np.concatenate([np.arange(columns), np.resize(closest, 2 * columns)])
    return rows_in_pairs(x[indices], neighbors[indices], columns)
