"""Scores that know nothing of generative models."""

import io
from collections.abc import Callable

import numpy as np
from torch import Tensor

MAX_REFERENCE_IMAGES = 5000
"""At most so many training images are remembered."""


def baselines(
    train: np.ndarray, classify: Callable[[np.ndarray], Tensor]
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Scores that know nothing of generative models: a detector is worth what it adds to these.

    mean_pixel : distance of the image's mean grey level from the training images' mean
    png_size : distance of its size as PNG from the training images' mean size
    max_softmax : less the largest class probability (Hendrycks & Gimpel 2017, arXiv:1610.02136)
    energy : less the log-sum-exp of the logits (Liu et al. 2020, arXiv:2010.03759)

    Parameters
    ----------
    train : training images (N, C, H, W) uint8
    classify : images to logits (N, K)
    """
    some = train[np.linspace(0, len(train) - 1, min(len(train), MAX_REFERENCE_IMAGES)).astype(int)]
    grey, size = some.mean((1, 2, 3)).mean(), png_bytes(some).mean()

    def score(x: np.ndarray) -> dict[str, np.ndarray]:
        logits = classify(x)
        found = {"mean_pixel": np.abs(x.mean((1, 2, 3)) - grey)}
        found["png_size"] = np.abs(png_bytes(x) - size)
        found["max_softmax"] = -logits.softmax(1).max(1).values.numpy()
        found["energy"] = -logits.logsumexp(1).numpy()
        return {name: value.astype(np.float32) for name, value in found.items()}

    return score


def png_bytes(x: np.ndarray) -> np.ndarray:
    """Size of each image (N, C, H, W) uint8 as PNG, in bytes: (N,) float64."""
    from PIL import Image

    sizes = []
    for image in x.transpose(0, 2, 3, 1):
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "PNG")
        sizes.append(file.tell())
    return np.array(sizes, float)
