"""Generated out-of-distribution images: patches of photographs, and noise."""

from pathlib import Path

import numpy as np
from PIL import Image

from . import decoding

PHOTOS = ("china.jpg", "flower.jpg")  # 640 x 427 pixels each
PATCH_SIDES = (64, 256)  # pixels, before resizing: large enough to show objects, not only sky
MAX_GENERATED = 2000  # patches, and noise images


def photo_patches(folder: Path, shape: tuple[int, int, int], n: int, rng) -> np.ndarray:
    """Squares at random positions of the photographs in `folder`, resized to (C, size, size).

    Photograph, side and position are uniformly random; resizing is bilinear with antialiasing.
    Patches overlap, and a few show nothing but sky.

    Returns
    -------
    (n, C, size, size) uint8
    """
    channels, size, _ = shape
    photos = [Image.open(folder / name).convert(decoding.MODES[channels]) for name in PHOTOS]
    out = np.empty((n, *shape), np.uint8)
    for i in range(n):
        photo = photos[rng.integers(len(photos))]
        side = int(rng.integers(*PATCH_SIDES, endpoint=True))
        left, top = (int(rng.integers(length - side, endpoint=True)) for length in photo.size)
        box = (left, top, left + side, top + side)
        out[i] = decoding.to_array(photo.resize((size, size), Image.Resampling.BILINEAR, box))
    return out


def uniform_noise(folder: Path, shape: tuple[int, int, int], n: int, rng) -> np.ndarray:
    """Independent uniform noise in every pixel and channel, (n, C, size, size) uint8."""
    return rng.integers(256, size=(n, *shape), dtype=np.uint8)
