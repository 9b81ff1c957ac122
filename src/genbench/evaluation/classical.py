"""Classical generators: what statistics without a network make of the same training images."""

from collections.abc import Iterator
from typing import Any

import numpy as np

MAX_IMAGES = 20000
"""At most so many training images are fitted."""
PCA_VARIANCE = 0.95
"""Share of the variance of pixels that the components of the mixtures explain."""
COMPONENTS = (1, 5, 10, 20, 40, 80)
"""Sizes of the mixture that are tried, until the validation likelihood falls."""
VARIANCE_FLOOR = 1e-3
"""Of every component in every direction, for pixels in [0, 1]: 8 gray levels."""
BANDWIDTH = 20 / 255
"""Of the kernel density: 20 gray levels."""


def classical_samples(
    train: np.ndarray, val: np.ndarray, n: int, seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    """The name and `n` images (n, C, H, W) uint8 of each classical generator.

    gaussian : one Gaussian of the principal components
    gmm : a mixture of Gaussians of them; how many, by the likelihood of the validation images
    kde : a kernel density of pixels: training images with noise
    mean : the mean image, n times

    Parameters
    ----------
    train, val : training and validation images (N, C, H, W) uint8
    """
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KernelDensity

    random = np.random.default_rng(seed)
    x, val_x = (part.reshape(len(part), -1) / 255 for part in (train, val))
    x = x[random.permutation(len(x))[:MAX_IMAGES]]
    pca = PCA(PCA_VARIANCE, svd_solver="full").fit(x)
    mixtures = fit_mixtures(pca.transform(x), pca.transform(val_x), seed)
    density = KernelDensity(bandwidth=BANDWIDTH).fit(x)
    samples = {
        "gaussian": pca.inverse_transform(mixtures[0].sample(n)[0]),
        "gmm": pca.inverse_transform(mixtures[-1].sample(n)[0]),
        "kde": density.sample(n, random_state=seed),
        "mean": np.broadcast_to(x.mean(0), (n, x.shape[1])),
    }
    for name, pixels in samples.items():
        gray_levels = np.rint(random.permutation(pixels) * 255).clip(0, 255).astype(np.uint8)
        yield name, gray_levels.reshape(n, *train.shape[1:])


def fit_mixtures(x: np.ndarray, val: np.ndarray, seed: int) -> list[Any]:
    """Mixtures of Gaussians of (N, D), from one component to the number that suits (M, D) best."""
    from sklearn.mixture import GaussianMixture

    mixtures: list[Any] = []
    for k in COMPONENTS:
        if k > len(x):
            break
        mixture = GaussianMixture(k, reg_covar=VARIANCE_FLOOR, random_state=seed).fit(x)
        if mixtures and mixture.score(val) <= mixtures[-1].score(val):
            break
        mixtures.append(mixture)
    return mixtures
