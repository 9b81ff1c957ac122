"""A part of the training images, for the question of how few are enough."""

import numpy as np

from .errors import InputError
from .seeds import rng


def training_rows(y: np.ndarray, n: int, dataset: str) -> np.ndarray:
    """Rows of `n` of the training images with labels y (N,), in order, drawn at random.

    Each class has its share of them, up to an image. Those of a smaller `n` are among them.

    Raises
    ------
    InputError : if there are not so many.
    """
    if n > len(y):
        raise InputError(f"split.train: {dataset} has {len(y):,} training images, got {n:,}")
    order = rng(0, "subset", dataset).permutation(len(y))
    place = np.empty(len(y))
    for label in np.unique(y):
        rows = order[y[order] == label]
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.sort(order[np.argsort(place[order], kind="stable")[:n]])
