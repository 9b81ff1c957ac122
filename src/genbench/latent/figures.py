"""Figures of decoded latents: grids of images, enlarged and otherwise untouched."""

import numpy as np

from ..models.base.sampling import decode
from ..utils.images import grid, rows_in_pairs
from ..utils.seeds import sample_latents
from .geometry import lerp, slerp

N_COLUMNS = 11
"""Images in a row."""
N_INTERPOLATIONS = 6
RADII = (0.5, 1.0, 2.0, 3.0)
"""Of local perturbations, in standard deviations of the prior."""


def class_grid(model, classes: int, seed: int) -> np.ndarray:
    """A row per class of a conditional model, the same latent down each column."""
    z = sample_latents(N_COLUMNS, model.latent_dim, seed)
    return _decode_grid(model, np.tile(z, (classes, 1, 1)), np.arange(classes))


def interpolations(
    model, codes: np.ndarray, y: np.ndarray, x: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Interpolations between pairs of latents (N, latent_dim), a row per pair, by lerp and slerp.

    The two are of different classes where there are any, but of one for a conditional model, whose
    labels (N,) are those of a row. The images x (N, C, H, W) that were encoded, if any, stand at
    both ends. No figures without a pair.
    """
    t = np.linspace(0, 1, N_COLUMNS, dtype=np.float32)
    start, end = _pairs(y, same_class=model.conditional or len(np.unique(y)) == 1)
    figures: dict[str, np.ndarray] = {}
    if not len(start):
        return figures
    for interpolate in (lerp, slerp):
        rows = _decode_rows(model, interpolate(codes[start], codes[end], t), y[start])
        if x is not None:
            rows = np.concatenate([x[start][:, None], rows, x[end][:, None]], 1)
        figures[f"interpolation_{interpolate.__name__}"] = _grid(rows)
    return figures


def _pairs(y: np.ndarray, same_class: bool) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the first pairs of labels (N,), at most N_INTERPOLATIONS; each is used once."""
    unused = list(range(len(y)))
    pairs: list[tuple[int, int]] = []
    while unused and len(pairs) < N_INTERPOLATIONS:
        i = unused.pop(0)
        j = next((j for j in unused if (y[i] == y[j]) == same_class), None)
        if j is not None:
            unused.remove(j)
            pairs.append((i, j))
    start, end = np.array(pairs, int).reshape(-1, 2).T
    return start, end


def reconstructions(model, x: np.ndarray, codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The first images (N, C, H, W), at most two rows, each above its reconstructions."""
    columns = min(N_COLUMNS, len(x))
    n = min(2, len(x) // columns) * columns
    return rows_in_pairs(x[:n], decode(model, codes[:n], y[:n]), columns)


def traversals(model, code: np.ndarray, label: int, directions: np.ndarray) -> np.ndarray:
    """A latent code (latent_dim,) moved along directions (R, latent_dim), a row each.

    The directions are unit vectors; the component along them goes from -3 to 3 standard deviations
    of the prior.
    """
    steps = np.linspace(-3, 3, N_COLUMNS, dtype=np.float32)
    orthogonal = code - (directions @ code)[:, None] * directions
    rows = orthogonal[:, None] + steps[:, None] * directions[:, None]
    return _decode_grid(model, rows, np.full(len(rows), label))


def local_perturbations(model, code: np.ndarray, label: int, seed: int) -> np.ndarray:
    """A latent code (latent_dim,) moved at random, a row per radius; the code itself first."""
    directions = sample_latents(N_COLUMNS - 1, len(code), seed)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions = np.concatenate([np.zeros_like(directions[:1]), directions])
    rows = code + np.array(RADII, np.float32)[:, None, None] * directions
    return _decode_grid(model, rows, np.full(len(rows), label))


def class_shifts(model, x: np.ndarray, y: np.ndarray, shifted: np.ndarray) -> np.ndarray:
    """An image of each class (N, C, H, W), labels (N,), and its code moved to every class.

    `shifted` (N, K, latent_dim) from `class_shift`. A conditional model is given the new class.
    """
    n_classes = min(shifted.shape[1], 2 * N_COLUMNS)
    examples = np.unique(y, return_index=True)[1][: 2 * N_COLUMNS]
    codes = shifted[examples, :n_classes].reshape(-1, shifted.shape[2])
    images = decode(model, codes, np.tile(np.arange(n_classes), len(examples)))
    rows = images.reshape(-1, n_classes, *images.shape[1:])
    return _grid(np.concatenate([x[examples][:, None], rows], 1))


def _decode_grid(model, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Latents (R, T, latent_dim), with a label (R,) per row, as one picture."""
    return _grid(_decode_rows(model, z, labels))


def _decode_rows(model, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Latents (R, T, latent_dim), with a label (R,) per row, to images (R, T, C, H, W)."""
    images = decode(model, z.reshape(-1, z.shape[-1]), labels.repeat(z.shape[1]))
    return images.reshape(*z.shape[:2], *images.shape[1:])


def _grid(rows: np.ndarray) -> np.ndarray:
    """Images (R, T, C, H, W) as one picture."""
    return grid(rows.reshape(-1, *rows.shape[2:]), rows.shape[1])
