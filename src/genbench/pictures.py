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
    """Walks between the latents (2 PAIRS, latent_dim), a row a pair, on lines and on arcs."""
    steps = np.linspace(0, 1, STEPS, dtype=np.float32)
    walks = {walk.__name__: walk(ends[:PAIRS], ends[PAIRS:], steps) for walk in (lerp, slerp)}
    return {f"interpolation_{name}": _decoded(model, z, y[0]) for name, z in walks.items()}


def reconstructions(model, x: np.ndarray, codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Two times STEPS images (N, C, H, W), each row of them above its reconstructions."""
    rows = np.stack([x, decode(model, codes, y)]).reshape(2, -1, STEPS, *x.shape[1:])
    return grid(rows.swapaxes(0, 1).reshape(-1, *x.shape[1:]), STEPS)


def traversals(model, codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The first of the codes (N, latent_dim), varied along the ROWS latents that spread most."""
    steps = np.linspace(-3, 3, STEPS, dtype=np.float32)
    return _decoded(model, traverse(codes, ROWS, steps), y[0])


def _decoded(model, z: np.ndarray, label: int) -> np.ndarray:
    flat = z.reshape(-1, z.shape[-1])
    return grid(decode(model, flat, np.full(len(flat), label)), z.shape[1])
