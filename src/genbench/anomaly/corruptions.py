"""Damaged images: the anomalies that a detector is asked to find."""

import numpy as np


def corrupt(x: np.ndarray, kind: str, severity: float, random: np.random.Generator) -> np.ndarray:
    """Images (N, C, H, W) uint8, damaged; `severity` in the unit of its kind.

    noise : Gaussian, of this standard deviation in grey levels (of 255)
    salt_and_pepper : this share of the pixels black or white
    blur : mean over 3x3 pixels, so many times
    occlusion : a mid-grey square of this share of the side, at a random place
    inversion : this share of the way to 255 minus the image
    rotation : by so many degrees, to either side
    contrast : this share of the contrast is lost, around the image's mean

    Raises
    ------
    ValueError : for a kind that is not here.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown corruption {kind}; known: {', '.join(KINDS)}")
    out = KINDS[kind](x, severity, random)
    return out if out.dtype == np.uint8 else out.round().clip(0, 255).astype(np.uint8)


def _noise(x, severity, random):
    return x + random.normal(0, severity, x.shape)


def _salt_and_pepper(x, severity, random):
    n, _, size, _ = x.shape
    dice = random.random((n, 1, size, size))
    black, white = dice < severity / 2, dice > 1 - severity / 2
    return np.where(black, 0, np.where(white, 255, x)).astype(np.uint8)


def _blur(x, severity, random):
    out = x.astype(np.float32)
    for _ in range(round(severity)):
        edge = np.pad(out, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
        out = np.lib.stride_tricks.sliding_window_view(edge, (3, 3), (2, 3)).mean((-2, -1))
    return out


def _occlusion(x, severity, random):
    n, _, size, _ = x.shape
    side = max(1, round(severity * size))
    top, left = random.integers(0, size - side + 1, (2, n, 1, 1, 1))
    rows, columns = np.arange(size)[:, None], np.arange(size)[None, :]
    inside = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    return np.where(inside, 128, x).astype(np.uint8)


def _inversion(x, severity, random):
    return x + severity * (255.0 - 2.0 * x)


def _rotation(x, severity, random):
    """Bilinear, about the centre; what comes from outside is the nearest edge pixel."""
    n, _, size, _ = x.shape
    angle = np.deg2rad(severity) * random.choice([-1, 1], (n, 1, 1))
    axis = np.arange(size) - (size - 1) / 2
    row, column = np.meshgrid(axis, axis, indexing="ij")
    from_row = np.cos(angle) * row - np.sin(angle) * column + (size - 1) / 2
    from_column = np.sin(angle) * row + np.cos(angle) * column + (size - 1) / 2
    from_row, from_column = (v.clip(0, size - 1) for v in (from_row, from_column))
    top, left = (np.minimum(v.astype(int), size - 2) for v in (from_row, from_column))
    down, right = (from_row - top)[:, None], (from_column - left)[:, None]
    image = np.arange(n)[:, None, None]

    def at(rows, columns):
        return x[image, :, rows, columns].transpose(0, 3, 1, 2).astype(np.float32)

    upper = at(top, left) * (1 - right) + at(top, left + 1) * right
    lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    return upper * (1 - down) + lower * down


def _contrast(x, severity, random):
    mean = x.mean((1, 2, 3), keepdims=True)
    return mean + (1 - severity) * (x - mean)


KINDS = {
    "noise": _noise,
    "salt_and_pepper": _salt_and_pepper,
    "blur": _blur,
    "occlusion": _occlusion,
    "inversion": _inversion,
    "rotation": _rotation,
    "contrast": _contrast,
}
