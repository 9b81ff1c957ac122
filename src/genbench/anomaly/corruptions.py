"""Corruptions of images: the anomalies that a detector is asked to find."""

import numpy as np
from scipy.ndimage import uniform_filter


def corrupt(x: np.ndarray, kind: str, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Images (N, C, H, W) uint8 with a corruption, of the same shape and type.

    Parameters
    ----------
    kind, severity : one of the following, with the unit of its severity
        noise : standard deviation of Gaussian noise, in gray levels (of 255)
        salt_and_pepper : share of the pixels that turn black or white
        blur : passes of a mean over 3x3 pixels
        occlusion : side of a mid-gray square at a random place, as a share of the image's side
        inversion : share of the way to the negative, 255 minus the image
        rotation : degrees, clockwise or counterclockwise at random
        contrast : share of the contrast that is lost, around the image's mean
    rng : a generator; its draws are one sequence, so that the order of the calls counts

    Raises
    ------
    ValueError : for an unknown kind.
    """
    if kind not in CORRUPTIONS:
        raise ValueError(f"unknown corruption {kind}; known: {', '.join(CORRUPTIONS)}")
    out = CORRUPTIONS[kind](x, severity, rng)
    return out if out.dtype == np.uint8 else out.round().clip(0, 255).astype(np.uint8)


def occlusion_mask(x: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """The pixels (N, H, W) bool that `corrupt` by occlusion covers, with the same draws."""
    return _occlusion(np.zeros_like(x[:, :1]), severity, rng)[:, 0] > 0


def _noise(x, severity, rng):
    return x + rng.normal(0, severity, x.shape)


def _salt_and_pepper(x, severity, rng):
    n, _, size, _ = x.shape
    uniform = rng.random((n, 1, size, size))
    black = uniform < severity / 2
    white = uniform > 1 - severity / 2
    return np.where(black, 0, np.where(white, 255, x)).astype(np.uint8)


def _blur(x, severity, rng):
    out = x.astype(np.float32)
    for _ in range(round(severity)):
        out = uniform_filter(out, size=(1, 1, 3, 3), mode="nearest")
    return out


def _occlusion(x, severity, rng):
    n, _, size, _ = x.shape
    side = max(1, round(severity * size))
    top, left = rng.integers(0, size - side + 1, (2, n, 1, 1, 1))
    rows = np.arange(size)[:, None]
    columns = np.arange(size)
    square = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    return np.where(square, 128, x).astype(np.uint8)


def _inversion(x, severity, rng):
    return x + severity * (255.0 - 2.0 * x)


def _rotation(x, severity, rng):
    """Bilinear interpolation, about the center; outside is the nearest edge pixel."""
    n, _, size, _ = x.shape
    angle = np.deg2rad(severity) * rng.choice([-1, 1], (n, 1, 1))
    axis = np.arange(size) - (size - 1) / 2
    row, column = np.meshgrid(axis, axis, indexing="ij")
    from_row = np.cos(angle) * row - np.sin(angle) * column + (size - 1) / 2
    from_column = np.sin(angle) * row + np.cos(angle) * column + (size - 1) / 2
    from_row, from_column = (v.clip(0, size - 1) for v in (from_row, from_column))
    top, left = (np.minimum(v.astype(int), size - 2) for v in (from_row, from_column))
    down = (from_row - top)[:, None]
    right = (from_column - left)[:, None]
    image = np.arange(n)[:, None, None]

    def pixels(rows, columns):
        return x[image, :, rows, columns].transpose(0, 3, 1, 2).astype(np.float32)

    upper = pixels(top, left) * (1 - right) + pixels(top, left + 1) * right
    lower = pixels(top + 1, left) * (1 - right) + pixels(top + 1, left + 1) * right
    return upper * (1 - down) + lower * down


def _contrast(x, severity, rng):
    mean = x.mean((1, 2, 3), keepdims=True)
    return mean + (1 - severity) * (x - mean)


CORRUPTIONS = {
    "noise": _noise,
    "salt_and_pepper": _salt_and_pepper,
    "blur": _blur,
    "occlusion": _occlusion,
    "inversion": _inversion,
    "rotation": _rotation,
    "contrast": _contrast,
}
