"""Pictures of what a model makes: grids of pixels, enlarged and otherwise untouched."""

import numpy as np

from ..models.base.sampling import decode
from ..utils.images import grid, rows_in_pairs
from ..utils.seeds import sample_latents
from .geometry import lerp, slerp

STEPS, PAIRS = 11, 6
"""Images in a row; rows of an interpolation."""
RADII = (0.5, 1.0, 2.0, 3.0)
"""Distances from a code, in standard deviations of the prior."""


def class_grid(model, n: int, seed: int) -> np.ndarray:
    """A row per class of a conditional model, the same latent down each column."""
    z = sample_latents(STEPS, model.latent_dim, seed)
    return _decoded(model, np.tile(z, (n, 1, 1)), np.arange(n))


def interpolations(
    model, ends: np.ndarray, y: np.ndarray, x: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Walks between pairs of latents (N, latent_dim), a row a pair, on lines and on arcs.

    Ends are of different classes, but of one for a conditional model, whose labels (N,) are those
    of a row. With the images x (N, C, H, W) of the ends, these stand before and behind the walks.
    """
    steps = np.linspace(0, 1, STEPS, dtype=np.float32)
    start, end = _pairs(y, model.conditional)
    shown = {}
    for walk in (lerp, slerp):
        made = _rows(model, walk(ends[start], ends[end], steps), y[start])
        if x is not None:
            made = np.concatenate([x[start][:, None], made, x[end][:, None]], 1)
        shown[f"interpolation_{walk.__name__}"] = _grid(made)
    return shown


def _pairs(y: np.ndarray, alike: bool) -> tuple[np.ndarray, np.ndarray]:
    """The first pairs of labels (N,) that are alike or not, at most PAIRS; each is used once."""
    left, pairs = list(range(len(y))), []
    while left and len(pairs) < PAIRS:
        i = left.pop(0)
        j = next((j for j in left if (y[i] == y[j]) == alike), None)
        if j is not None:
            left.remove(j)
            pairs.append((i, j))
    return tuple(np.array(pairs, int).reshape(-1, 2).T)


def reconstructions(model, x: np.ndarray, codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The first images (N, C, H, W), at most two rows, each above its reconstructions."""
    columns = min(STEPS, len(x))
    n = min(2, len(x) // columns) * columns
    return rows_in_pairs(x[:n], decode(model, codes[:n], y[:n]), columns)


def traversals(model, code: np.ndarray, label: int, axes: np.ndarray) -> np.ndarray:
    """A code (latent_dim,) moved along each of the axes, unit vectors (R, latent_dim), a row each.

    Its part along the axis goes from -3 to 3 standard deviations of the prior.
    """
    steps = np.linspace(-3, 3, STEPS, dtype=np.float32)
    rest = code - (axes @ code)[:, None] * axes
    rows = rest[:, None] + steps[:, None] * axes[:, None]
    return _decoded(model, rows, np.full(len(rows), label))


def local_perturbations(model, code: np.ndarray, label: int, seed: int) -> np.ndarray:
    """A code (latent_dim,) moved at random, a row per distance of RADII; the code itself first."""
    ways = sample_latents(STEPS - 1, len(code), seed)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    ways = np.concatenate([np.zeros_like(ways[:1]), ways])
    rows = code + np.array(RADII, np.float32)[:, None, None] * ways
    return _decoded(model, rows, np.full(len(rows), label))


def class_shifts(model, x: np.ndarray, y: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """An image of each class (N, C, H, W), labels (N,), and its code moved to every class.

    `moved` (N, K, latent_dim); to its own class it stays where it is. A conditional model is told
    the new class.
    """
    first, k = np.unique(y, return_index=True)[1][: 2 * STEPS], min(moved.shape[1], 2 * STEPS)
    flat = moved[first, :k].reshape(-1, moved.shape[2])
    made = decode(model, flat, np.tile(np.arange(k), len(first)))
    return _grid(np.concatenate([x[first][:, None], made.reshape(-1, k, *made.shape[1:])], 1))


def _decoded(model, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Latents (R, T, latent_dim) with a label (R,) a row, as a grid."""
    return _grid(_rows(model, z, labels))


def _rows(model, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    flat = z.reshape(-1, z.shape[-1])
    made = decode(model, flat, labels.repeat(z.shape[1]))
    return made.reshape(*z.shape[:2], *made.shape[1:])


def _grid(rows: np.ndarray) -> np.ndarray:
    """Images (R, T, C, H, W) as one picture."""
    return grid(rows.reshape(-1, *rows.shape[2:]), rows.shape[1])
