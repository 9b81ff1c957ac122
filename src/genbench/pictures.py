"""Pictures of what a model makes: grids of pixels, enlarged and otherwise untouched."""

import numpy as np

from .images import grid
from .sampling import decode, lerp, slerp
from .seeds import latents

STEPS, PAIRS = 11, 6
"""Images in a row; rows of an interpolation."""
RADII = (0.5, 1.0, 2.0, 3.0)
"""Distances from a code, in standard deviations of the prior."""


def samples(x: np.ndarray) -> np.ndarray:
    """The first 100 images, ten in a row."""
    return grid(x[:100], 10)


def classes(model, n: int, seed: int) -> np.ndarray:
    """A row per class of a conditional model, the same latent down each column."""
    z = latents(STEPS, model.latent_dim, seed)
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
    return _above(x[:n], decode(model, codes[:n], y[:n]), columns)


def traversals(model, code: np.ndarray, label: int, axes: np.ndarray) -> np.ndarray:
    """A code (latent_dim,) moved along each of the axes, unit vectors (R, latent_dim), a row each.

    Its part along the axis goes from -3 to 3 standard deviations of the prior.
    """
    steps = np.linspace(-3, 3, STEPS, dtype=np.float32)
    rest = code - (axes @ code)[:, None] * axes
    rows = rest[:, None] + steps[:, None] * axes[:, None]
    return _decoded(model, rows, np.full(len(rows), label))


def neighbourhood(model, code: np.ndarray, label: int, seed: int) -> np.ndarray:
    """A code (latent_dim,) moved at random, a row per distance of RADII; the code itself first."""
    ways = latents(STEPS - 1, len(code), seed)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    ways = np.concatenate([np.zeros_like(ways[:1]), ways])
    rows = code + np.array(RADII, np.float32)[:, None, None] * ways
    return _decoded(model, rows, np.full(len(rows), label))


def transfers(model, x: np.ndarray, y: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """An image of each class (N, C, H, W), labels (N,), and its code moved to every class.

    `moved` (N, K, latent_dim); to its own class it stays where it is. A conditional model is told
    the new class.
    """
    first, k = np.unique(y, return_index=True)[1][: 2 * STEPS], min(moved.shape[1], 2 * STEPS)
    flat = moved[first, :k].reshape(-1, moved.shape[2])
    made = decode(model, flat, np.tile(np.arange(k), len(first)))
    return _grid(np.concatenate([x[first][:, None], made.reshape(-1, k, *made.shape[1:])], 1))


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
    return _above(x[shown], neighbours[shown], columns)


def _above(x: np.ndarray, below: np.ndarray, columns: int) -> np.ndarray:
    """Rows of images (N, C, H, W), each above the row of what belongs below it."""
    rows = np.stack([x, below]).reshape(2, -1, columns, *x.shape[1:])
    return grid(rows.swapaxes(0, 1).reshape(-1, *x.shape[1:]), columns)


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
