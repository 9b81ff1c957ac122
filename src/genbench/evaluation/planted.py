"""Planted truths: sets of real images of which it is known what every verdict must say."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

MAX_IMAGES = 2500
"""At most so many images in a set: the larger, the finer the differences that are seen."""
SHARES_OF_COPIES = (10, 50, 100)
"""Percent of the images that are training images."""
HELD_OUT = "held_out"
BLURRED = "blurred"
WITHOUT_CLASS = "without_class"
DUPLICATED = "duplicated"
HALVES = ("first_half", "second_half")


def copies(percent: int) -> str:
    """The name of a set of which so many percent are training images."""
    return f"copies_{percent}"


class Split(NamedTuple):
    """Test images in two halves: those that a perfect generator made, and those that are real.

    generated, real : rows of the test images
    """

    generated: np.ndarray
    real: np.ndarray


def split_test_images(n: int, seed: int) -> Split:
    """Halves of `n` test images, at most MAX_IMAGES each."""
    size = min(n // 2, MAX_IMAGES)
    rows = np.random.default_rng(seed).permutation(n)
    return Split(rows[:size], rows[size : 2 * size])


def planted_samples(
    x: np.ndarray, y: np.ndarray, train: np.ndarray, seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    """The name and images (N, C, H, W) uint8 of each planted truth.

    held_out : real images, as of a perfect generator
    copies_10, copies_50, copies_100 : the same, but so many percent are training images
    without_class : the same without the images of one class
    duplicated : half of the images stand twice
    blurred : each pixel half way to the mean of its neighbors
    first_half, second_half : two samples of one generator

    Parameters
    ----------
    x, y : real images that no model has seen, and their labels (N,)
    train : training images
    """
    n = len(x)
    copied = train[np.random.default_rng(seed).permutation(len(train))[:n]]
    yield HELD_OUT, x
    for percent in SHARES_OF_COPIES:
        k = min(n * percent // 100, len(copied))
        yield copies(percent), np.concatenate([copied[:k], x[k:]])
    if len(np.unique(y)) > 1:
        yield WITHOUT_CLASS, x[y != np.bincount(y).argmax()]
    yield DUPLICATED, np.concatenate([x[: n - n // 4], x[: n // 4]])
    yield BLURRED, blur(x)
    yield from zip(HALVES, (x[: n // 2], x[n // 2 :]), strict=True)


def blur(x: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) uint8, each pixel half way to the mean of the 3x3 pixels around it."""
    pixels = torch.from_numpy(x).float()
    mean = functional.avg_pool2d(pixels, 3, stride=1, padding=1, count_include_pad=False)
    return ((pixels + mean) / 2).round().byte().numpy()
