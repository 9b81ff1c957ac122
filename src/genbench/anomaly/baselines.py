"""Baseline scores, which need no generative model; larger is more anomalous."""

import io
from collections.abc import Callable

import numpy as np
from torch import Tensor

MAX_REFERENCE_IMAGES = 5000
"""At most so many training images are compared with."""


def make_baseline_scorer(
    train: np.ndarray, classify: Callable[[np.ndarray], Tensor]
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """A function from images to their baseline scores: a detector is worth what it adds to these.

    mean_pixel : |mean gray level of the image - that of the training images|, of 255
    png_size : |size of the image as PNG - mean size of the training images|, in bytes
    max_softmax : minus the largest class probability (Hendrycks & Gimpel 2017, arXiv:1610.02136)
    energy : minus the log-sum-exp of the logits (Liu et al. 2020, arXiv:2010.03759)

    The last two are left out where there is one class.

    Parameters
    ----------
    train : training images (N, C, H, W) uint8
    classify : images to logits (N, K)

    Returns
    -------
    A function of images (N, C, H, W) uint8; each score is (N,) float32.
    """
    subset = np.linspace(0, len(train) - 1, min(len(train), MAX_REFERENCE_IMAGES)).astype(int)
    train_gray = train[subset].mean((1, 2, 3)).mean()
    train_bytes = png_bytes(train[subset]).mean()

    def score(x: np.ndarray) -> dict[str, np.ndarray]:
        logits = classify(x)
        scores = {
            "mean_pixel": np.abs(x.mean((1, 2, 3)) - train_gray),
            "png_size": np.abs(png_bytes(x) - train_bytes),
        }
        if logits.shape[1] > 1:
            scores["max_softmax"] = -logits.softmax(1).max(1).values.numpy()
            scores["energy"] = -logits.logsumexp(1).numpy()
        return {name: values.astype(np.float32) for name, values in scores.items()}

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
