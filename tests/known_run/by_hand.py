"""Definitions of metrics, written once more and slowly, on plain arrays."""

import numpy as np
from scipy.spatial.distance import cdist


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(float), b.astype(float)
    values, vectors = np.linalg.eigh(np.cov(a.T))
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    product = np.linalg.eigvalsh(root @ np.cov(b.T) @ root).clip(0)
    traces = np.trace(np.cov(a.T)) + np.trace(np.cov(b.T)) - 2 * np.sqrt(product).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + traces


def inception_score(logits: np.ndarray) -> float:
    p = softmax(logits)
    return float(np.exp((p * (np.log(p) - np.log(p.mean(0)))).sum(1).mean()))


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits.astype(float) - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def radius(x: np.ndarray, k: int) -> np.ndarray:
    """Distance from each point to its k-th nearest other."""
    return np.sort(cdist(x, x), 1)[:, k]


def precision(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Whether each generated point lies in a ball of a real one up to its third neighbor."""
    return (cdist(fake, real) <= radius(real, 3)).any(1)


def coverage(real: np.ndarray, fake: np.ndarray) -> float:
    return (cdist(fake, real) <= radius(real, 5)).any(0).mean()


def density(real: np.ndarray, fake: np.ndarray) -> float:
    return (cdist(fake, real) <= radius(real, 5)).sum() / (5 * len(fake))


def copying_z(train: np.ndarray, test: np.ndarray, fake: np.ndarray) -> float:
    """The rank test's z-score of the distances to training images."""
    distances, of_test = (cdist(x, train).min(1) for x in (fake, test))
    n, m = len(distances), len(of_test)
    u = (distances[:, None] > of_test).sum() + (distances[:, None] == of_test).sum() / 2
    return (u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12)


def psnr(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    error = ((x.astype(float) - other) ** 2).mean((1, 2, 3))
    return 10 * np.log10(255**2 / error)


def rows(picture: np.ndarray, size: int, columns: int) -> np.ndarray:
    """The gray images in a picture of `images.grid`, (rows, columns, size, size)."""
    scale = round(64 / size)
    step = size * scale + 2
    n = round((picture.shape[0] + 2) / step)
    padded = np.pad(picture[..., 0], ((0, 2), (0, 2)))
    tiles = padded.reshape(n, step, columns, step).transpose(0, 2, 1, 3)
    return tiles[:, :, : size * scale : scale, : size * scale : scale]
