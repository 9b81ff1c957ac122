"""Which classes generated images are of, as the dataset's classifier predicts them."""

import math

import numpy as np
import torch
from torch import Tensor

from ..utils.record import Estimate
from .results import ClassShare

MIN_CLASS_SHARE = 0.1
"""A class is covered if it gets at least this part of its share of the real images."""


def classes_covered(predictions: Tensor, real: np.ndarray, n_classes: int) -> Estimate:
    """How many classes get at least a tenth of their share of real images.

    predictions : (N,) classes of generated images; real : (M,) labels of test images. A class
    without test images is covered, as there is nothing to cover.
    """
    shares = predictions.bincount(minlength=n_classes) / len(predictions)
    expected = torch.from_numpy(np.bincount(real, minlength=n_classes) / len(real))
    return Estimate(value=int((shares >= MIN_CLASS_SHARE * expected).sum()))


def class_entropy(predictions: Tensor, n_classes: int) -> Estimate:
    """Entropy of the predictions (N,) in nats, log K where all classes are equally frequent."""
    shares = predictions.bincount(minlength=n_classes) / len(predictions)
    return Estimate(value=-torch.special.xlogy(shares, shares).sum().item())


def class_shares(
    predictions: Tensor, in_real_manifold: Tensor, classes: list[str]
) -> list[ClassShare]:
    """Each class's share of the predictions (N,), and the precision of its images; [] for one.

    in_real_manifold : (N,) whether each image is in the real manifold
    """
    if len(classes) == 1:
        return []
    counts = predictions.bincount(minlength=len(classes))
    shares = counts / len(predictions)
    precisions = predictions.bincount(in_real_manifold.double(), minlength=len(classes)) / counts
    rows = zip(classes, shares.tolist(), precisions.tolist(), strict=True)
    return [
        ClassShare(name=name, share=share, precision=None if math.isnan(precision) else precision)
        for name, share, precision in rows
    ]
