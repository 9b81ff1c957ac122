"""How images change along latents: interpolation, path length, directions, shifts of classes."""

from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from ..models.base.sampling import BATCH, labels
from ..utils.seeds import sample_latents

STEP = 1e-3
"""Of finite differences: a share of a path, or a distance in latent space."""


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points on the line from a to b, each (N, D), at t (T,) or (N, T): (N, T, D)."""
    t = t[..., None]
    return (1 - t) * a[:, None] + t * b[:, None]


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points on the great circle from a to b, each (N, D), at t (T,) or (N, T): (N, T, D).

    Keeps to the norms where the prior's mass is; equals `lerp` where a and b are parallel.
    Source: Shoemake 1985; for latents White 2016, arXiv:1609.04468.
    """
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = (a * b).sum(-1) / np.maximum(norms, 1e-12)
    angle = np.arccos(cosine.clip(-1, 1))[:, None, None]
    parallel = np.sin(angle) < 1e-6
    sine = np.where(parallel, 1, np.sin(angle))
    t_ = t[..., None]
    arc = (np.sin((1 - t_) * angle) * a[:, None] + np.sin(t_ * angle) * b[:, None]) / sine
    return np.where(parallel, lerp(a, b, t), arc).astype(a.dtype)


@torch.no_grad()
def perceptual_path_lengths(
    model, classifier, real: np.ndarray, n: int, classes: int, seed: int
) -> np.ndarray:
    """Squared speed of images in feature space along paths between random latents, normalized.

    Parameters
    ----------
    real : (M, D) features of real images, whose mean squared distance is the unit
    n : paths, great circles between two samples of the prior; each is measured at one random point

    Returns
    -------
    (n,) squared speeds. The mean is 1 if all paths are straight, even and as long as two real
    images are apart; larger is rougher. 0 for a model that generates one image only.

    Source: perceptual path length, Karras et al. 2019, arXiv:1812.04948, section 4.1; there with
    VGG features and not normalized.
    """
    start, end = sample_latents(2 * n, model.latent_dim, seed).reshape(2, n, -1).astype(np.float64)
    t = np.random.default_rng(seed).random((n, 1)) * (1 - STEP) + np.array([0, STEP])
    z = slerp(start, end, t).astype(np.float32).reshape(2 * n, -1)
    images = _decode(model, z, labels(n, classes).repeat(2)).cpu().double()
    extractor = deepcopy(classifier).cpu().double()  # the differences are small
    features = torch.cat([extractor(batch)[0] for batch in images.split(BATCH)]).reshape(n, 2, -1)
    unit = 2 * real.astype(np.float64).var(0, ddof=1).sum()
    squared = (features[:, 1] - features[:, 0]).square().sum(1)
    return (squared / STEP**2 / max(unit, 1e-12)).numpy()


@torch.no_grad()
def principal_directions(model, n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions in latent space along which images change most, from `n` random latents.

    Eigenvectors of the mean of J^T J, J the Jacobian of all pixels by all latents.

    Returns
    -------
    shares : (latent_dim,) of the squared change of all pixels, descending; they sum to 1
    directions : (latent_dim, latent_dim), unit vectors as rows, in that order

    Source: Wang & Ponce 2021, arXiv:2101.06006.
    """
    z = sample_latents(n, model.latent_dim, seed)
    y = labels(n, classes)
    steps = STEP * np.eye(model.latent_dim, dtype=np.float32)
    differences = [
        (_decode(model, z + h, y) - _decode(model, z - h, y)).flatten().cpu() for h in steps
    ]
    jacobian = torch.stack(differences).double()
    values, vectors = torch.linalg.eigh(jacobian @ jacobian.T)
    values = values.flip(0).clamp_min(0)
    return (values / values.sum().clamp_min(1e-300)).numpy(), vectors.T.flip(0).numpy()


def _decode(model, z: np.ndarray, y: np.ndarray) -> Tensor:
    """Latents (N, latent_dim) and labels (N,) to images (N, C, H, W) in [-1, 1], not rounded."""
    batches = [torch.from_numpy(array).to(model.device).split(BATCH) for array in (z, y)]
    return torch.cat([model.decode(*batch) for batch in zip(*batches, strict=True)])


def class_shift(codes: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    """Latent codes moved to every class: plus its mean, minus the mean of their own class.

    codes (N, D) and labels (N,) to (N, classes, D) float32; a class without images has no mean
    and leaves codes unchanged.
    """
    counts = np.bincount(y, minlength=classes)[:, None]
    means = np.zeros((classes, codes.shape[1]))
    np.add.at(means, y, codes)
    means /= np.maximum(counts, 1)
    shifts = (means - means[y][:, None]) * (counts > 0)
    return (codes[:, None] + shifts).astype(np.float32)


def target_classes(y: np.ndarray, classes: int) -> np.ndarray:
    """Another class for each label (N,), every one in turn; its own if there is no other."""
    return (y + 1 + np.arange(len(y)) % max(classes - 1, 1)) % classes
