"""An example of a metric and of an extractor of your own. In params.yaml:

evaluate:
  metrics:
    - plugins/vendi.py:vendi_score
  extractor: plugins/vendi.py:pixels
"""

import numpy as np


def vendi_score(real, fake):
    """How many different images there are among the generated ones, in effect; 1 if all are equal.

    real, fake : features (M, D) and (N, D) float32 of the extractor, of test and generated images

    Source: Friedman & Dieng 2023, arXiv:2210.02410, with the cosine of features as similarity.
    """
    directions = fake / np.linalg.norm(fake, axis=1, keepdims=True).clip(1e-12)
    # the eigenvalues of the similarities (N, N) / N are those of this (D, D), and zeros
    shares = np.linalg.eigvalsh(directions.T @ directions / len(fake)).clip(1e-12)
    return np.exp(-(shares * np.log(shares)).sum())


def pixels(images):
    """Images (N, C, H, W) uint8 to features (N, D) float32: their pixels from 0 to 1."""
    return images.reshape(len(images), -1) / np.float32(255)
