"""Grayscale images of one shape each, rendered from five generative factors."""

from pathlib import Path

import numpy as np

from ..utils import seeds

CLASSES = ("square", "ellipse", "heart")
FACTORS = ("shape", "scale", "orientation", "x", "y")
SIZE = 32  # pixels of a side
RADII = (5, 6, 7, 8)  # pixels, of the smallest circle around the shape
ANGLES = np.arange(8) * (90 / 8)  # degrees, clockwise; a square looks the same again at 90
CENTERS = SIZE / 2 + 1.25 * (np.arange(12) - 5.5)  # pixels from the left, and from the top
FACTOR_SIZES = (len(CLASSES), len(RADII), len(ANGLES), len(CENTERS), len(CENTERS))
SUBPIXELS = 16  # in a pixel's side; every center lies on a corner of one


def load(folder: Path):
    """Images, shapes and factors as one split "train", and the names of the shapes.

    Shuffled, always in the same way: in order, the first n of a split would be one shape.
    Nothing is read from `folder`.
    """
    x, factors, _ = render_all()
    order = seeds.rng(0, "order", "shapes").permutation(len(x))
    return {"train": (x[order], factors[order, 0], factors[order])}, list(CLASSES)


def render_all() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Render every combination of the factors once, white on black, the last factor fastest.

    Returns
    -------
    images : (N, 1, 32, 32) uint8, N = 3 * 4 * 8 * 12 * 12 = 13,824; a pixel is 255 times the
        fraction of it that the shape covers, counted on 16 x 16 sub-pixels. The outermost pixels
        are black.
    factors : (N, 5) int64, the index of each factor's value; y grows downwards
    names : of the 5 factors

    Source: after dSprites (Matthey et al. 2017), with anti-aliased edges, fewer values, and
    rotations below 90 degrees only: beyond them squares repeat.
    """
    templates = [
        _at_all_positions(_subpixel_mask(shape, radius, angle))
        for shape in CLASSES
        for radius in RADII
        for angle in ANGLES
    ]
    images = np.concatenate(templates).reshape(-1, 1, SIZE, SIZE)
    factors = np.stack(np.unravel_index(np.arange(len(images)), FACTOR_SIZES), axis=1)
    return images, factors.astype(np.int64), FACTORS


def _subpixel_mask(shape: str, radius: float, angle: float) -> np.ndarray:
    """Which sub-pixels the shape covers, bool, in a window as wide as the largest shape."""
    half = max(RADII)
    axis = (
        np.arange(2 * half * SUBPIXELS) + 0.5
    ) / SUBPIXELS - half  # pixels from the shape's center
    x = axis / radius
    y = axis[:, None] / radius
    cos = np.cos(np.deg2rad(angle))
    sin = np.sin(np.deg2rad(angle))
    return _is_inside(shape, cos * x + sin * y, cos * y - sin * x)


def _is_inside(shape: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether points lie in the shape whose smallest enclosing circle is the unit circle."""
    if shape == "square":
        return np.maximum(abs(x), abs(y)) <= np.sqrt(1 / 2)
    if shape == "ellipse":
        return x**2 + (2 * y) ** 2 <= 1
    # A heart: the square [-1, 1]^2, standing on a corner, and a disc of radius 1 around the
    # middle of either upper side. The circle around it is as far from the tip as from the discs.
    center = (np.sqrt(2) - 1) / (3 - np.sqrt(2))
    radius = np.sqrt(2) * (1 + center)
    u = radius * (x - y) / np.sqrt(2) + center
    v = radius * (-x - y) / np.sqrt(2) + center
    square = np.maximum(abs(u), abs(v)) <= 1
    return square | ((u - 1) ** 2 + v**2 <= 1) | (u**2 + (v - 1) ** 2 <= 1)


def _at_all_positions(mask: np.ndarray) -> np.ndarray:
    """Images of a shape, given by its mask, at all positions: (x, y, 32, 32) uint8.

    A pixel's sum over the mask is a difference of four entries of the mask's summed-area table;
    indices are clipped, as nothing is covered outside the mask.
    """
    table = np.zeros([side + 1 for side in mask.shape], np.int32)
    table[1:, 1:] = mask.cumsum(0, dtype=np.int32).cumsum(1)
    starts = (CENTERS - max(RADII)) * SUBPIXELS  # of the mask in the image, in sub-pixels: whole
    ends = (np.arange(SIZE + 1) * SUBPIXELS - starts[:, None]).clip(0, len(mask)).astype(int)
    corners = table[ends[None, :, :, None], ends[:, None, None, :]]
    covered = np.diff(np.diff(corners, axis=2), axis=3)
    return np.rint(covered * (255 / SUBPIXELS**2)).astype(np.uint8)
