"""Images on disk and in models: .npz in and out, uint8 <-> [-1, 1], grids of pixels."""

from pathlib import Path

import numpy as np

from .files import atomic_write


def rows_in_pairs(x: np.ndarray, below: np.ndarray, columns: int) -> np.ndarray:
    """Rows of images (N, C, H, W), each above the row of what belongs below it."""
    rows = np.stack([x, below]).reshape(2, -1, columns, *x.shape[1:])
    return grid(rows.swapaxes(0, 1).reshape(-1, *x.shape[1:]), columns)


def to_float(x):
    """uint8 tensor (N, C, H, W) to float32 in [-1, 1]."""
    return x.float().div_(127.5).sub_(1)


def to_uint8(x):
    """Float tensor in [-1, 1] to uint8, rounded; what lies outside is clipped."""
    return x.add(1).mul_(127.5).round_().clamp_(0, 255).byte()


def enlargement(size: int, pixels: int = 64) -> int:
    """By how much `grid` enlarges images of `size` pixels: a whole number."""
    return max(1, round(pixels / size))


def grid(x: np.ndarray, columns: int, *, pixels: int = 64, gap: int = 2) -> np.ndarray:
    """Images (N, C, H, W) uint8 as one picture (rows*s, columns*s, 3) uint8, row by row.

    Each image is enlarged by a whole number (nearest neighbour, no smoothing) to about `pixels`.
    """
    n, c, h, w = x.shape
    scale = enlargement(max(h, w), pixels)
    tiles = np.repeat(np.repeat(x, scale, 2), scale, 3)
    rows = -(-n // columns)
    out = np.full((rows, columns, 3, h * scale + gap, w * scale + gap), 255, np.uint8)
    out.reshape(rows * columns, *out.shape[2:])[:n, :, : h * scale, : w * scale] = tiles
    picture = out.transpose(0, 3, 1, 4, 2).reshape(rows * out.shape[3], columns * out.shape[4], 3)
    return picture[:-gap, :-gap]


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture (H, W, 3) uint8 as PNG."""
    from PIL import Image

    with atomic_write(path) as new:
        Image.fromarray(picture).save(new)
