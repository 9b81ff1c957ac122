"""The Frechet distance of features: the reported FID, and its limit for large n."""

import numpy as np
import torch
from torch import Tensor

from ..utils.frechet import fid_from_features
from .torchmetrics_adapter import PrecomputedFeatures

N_SIZES = 10
"""Points of the extrapolation to infinitely many images, with N_SUBSETS subsets each."""
N_SUBSETS = 3


def fid(real: Tensor, fake: Tensor) -> float:
    """Frechet distance of two Gaussians fitted to features (N, D) and (M, D): their FID.

    Returns
    -------
    float, in squared feature units; 0 for equal sets, up to rounding. Biased upwards by about
    1/N, so it means something only beside N, the extractor and a floor measured at the same N.
    With no more images than features the covariances are singular, and torchmetrics' eigenvalues
    of their product lose the 5th digit: there `fid_from_features` gives the value, as it does
    for halves.

    Raises
    ------
    ValueError : for fewer than 2 images.

    Source: Heusel et al. 2017, arXiv:1706.08500, as torchmetrics computes it (float64).
    """
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"expected at least 2 images each, got {len(real)} and {len(fake)}")
    if min(len(real), len(fake)) <= real.shape[1]:
        return fid_from_features(real, fake)
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=PrecomputedFeatures(real.shape[1]))
    metric.set_dtype(torch.float64)
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return metric.compute().item()


def fid_infinity(real: Tensor, fake: Tensor, seed: int) -> float:
    """The FID of (N, D) and (M, D) extrapolated to infinitely many images of both.

    FID is biased by about c / n: a line is fitted to the FIDs of subsets of n images, from half of
    them to all, over 1 / n; this is its value at 0. Can be below 0. No better than the line: with
    n not far above D it is too low or too high, but less so than the FID itself. Of fewer than 4
    images, the FID itself.
    Source: Chong & Forsyth 2020, arXiv:1911.07023, which extrapolates in the generated images.
    """
    n = min(len(real), len(fake))
    if n < 4:
        return fid_from_features(real, fake)
    random = np.random.default_rng(seed)
    sizes = np.linspace(n // 2, n, N_SIZES).astype(int)
    distances = [np.mean(_subset_fids(real, fake, size, random)) for size in sizes]
    return float(np.polyfit(1 / sizes, distances, 1)[1])


def _subset_fids(real: Tensor, fake: Tensor, size: int, random: np.random.Generator) -> list[float]:
    distances = []
    for _ in range(N_SUBSETS):
        i, j = (torch.as_tensor(random.permutation(len(x))[:size]) for x in (real, fake))
        distances.append(fid_from_features(real[i], fake[j]))
    return distances
