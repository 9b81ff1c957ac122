"""Pictures of what a model makes: grids of pixels, enlarged and otherwise untouched."""

import numpy as np

from .images import grid
from .sampling import decode, lerp, slerp, traverse

STEPS, ROWS, PAIRS = 11, 8, 6
"""Images in a row; rows of a traversal; rows of an interpolation."""


def samples(x: np.ndarray) -> np.ndarray:
    """The first 100 images, ten in a row."""
    return grid(x[:100], 10)


def interpolations(model, ends: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Walks between the first latents (N, latent_dim), a row a pair, on lines and on arcs."""
    steps, pairs = np.linspace(0, 1, STEPS, dtype=np.float32), min(PAIRS, len(ends) // 2)
    start, end = ends[:pairs], ends[pairs : 2 * pairs]
    walks = {walk.__name__: walk(start, end, steps) for walk in (lerp, slerp)}
    return {f"interpolation_{name}": _decoded(model, z, y[0]) for name, z in walks.items()}


def reconstructions(model, x: np.ndarray, codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The first images (N, C, H, W), at most two rows, each above its reconstructions."""
    columns = min(STEPS, len(x))
    n = min(2, len(x) // columns) * columns
    rows = np.stack([x[:n], decode(model, codes[:n], y[:n])]).reshape(2, -1, columns, *x.shape[1:])
    return grid(rows.swapaxes(0, 1).reshape(-1, *x.shape[1:]), columns)


def traversals(model, codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The first of the codes (N, latent_dim), varied along the ROWS latents that spread most."""
    steps = np.linspace(-3, 3, STEPS, dtype=np.float32)
    return _decoded(model, traverse(codes, ROWS, steps), y[0])


def extremes(sets: dict[str, np.ndarray], scores: dict[str, np.ndarray]) -> np.ndarray:
    """Two rows per set of images (N, C, H, W): its least strange ones, and its strangest.

    `scores` (N,) by set, larger is stranger; strangest first, and least strange first.
    """
    columns, rows = 2 * STEPS, []
    for name, x in sets.items():
        order = np.argsort(scores[name], kind="stable")
        rows += [x[np.resize(which, columns)] for which in (order[:columns], order[::-1][:columns])]
    return grid(np.concatenate(rows), columns)


def nearest(x: np.ndarray, distances: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Generated images above the training images nearest to them, each (N, C, H, W).

    Three pairs of rows: the first images, and those with the smallest distances (N,), nearest
    first.
    """
    columns = min(2 * STEPS, len(x))
    closest = np.argsort(distances, kind="stable")[: 2 * columns]
    shown = np.concatenate([np.arange(columns), np.resize(closest, 2 * columns)])
    rows = np.stack([x[shown], neighbours[shown]]).reshape(2, -1, columns, *x.shape[1:])
    return grid(rows.swapaxes(0, 1).reshape(-1, *x.shape[1:]), columns)


def _decoded(model, z: np.ndarray, label: int) -> np.ndarray:
    flat = z.reshape(-1, z.shape[-1])
    return grid(decode(model, flat, np.full(len(flat), label)), z.shape[1])
