"""Image files of any mode, depth and size to uint8 (C, size, size); arrays to other shapes."""

import io
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from ..utils.errors import InputError

FORMATS = {"PNG": ".png", "JPEG": ".jpg .jpeg", "WEBP": ".webp", "BMP": ".bmp"}
SUFFIXES = tuple(" ".join(FORMATS.values()).split())
MODES = {1: "L", 3: "RGB"}


# An image of more than MAX_IMAGE_PIXELS is an error below; Pillow would warn of it as well.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def decode(data: bytes, size: int, channels: int, bits: int = 16) -> np.ndarray:
    """Decode an image file to (channels, size, size) uint8.

    The shorter side is resized to `size` by Pillow's bilinear filter with antialiasing and the
    center is kept, as by torchvision's Resize(size) and CenterCrop(size); the rest is never
    computed, so that a strip one pixel wide needs no more memory than any other image.
    Transparent pixels are blended with white; of 16-bit grayscale, 2^bits - 1 becomes 255; of
    16-bit color, Pillow reads the upper 8; color is converted to grayscale by ITU-R 601 luma; EXIF
    orientation is applied; of an animation the first frame is used; color profiles are ignored.

    Raises
    ------
    InputError : if it is no PNG, JPEG, WebP or BMP, broken, or larger than Pillow's pixel limit.
    """
    image = _open(data, lambda original: _eight_bits(original, MODES[channels], 2**bits - 1))
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    box = (left, top, left + side, top + side)
    return to_array(image.resize((size, size), Image.Resampling.BILINEAR, box))


def decode_as_it_is(data: bytes) -> np.ndarray:
    """Decode an image file of 8 bits to (C, H, W) uint8, in its own size; C is 1 or 3.

    Raises
    ------
    InputError : for what `decode` refuses, and for 16 bits and transparency, which would be
        converted by a rule of ours.
    """

    def convert(image: Image.Image) -> Image.Image:
        if image.mode.startswith(("I", "F")) or image.has_transparency_data:
            raise InputError(f"must be grayscale or RGB of 8 bits, got {image.mode}")
        return image.convert("L" if image.mode in ("1", "L") else "RGB")

    return to_array(_open(data, convert))


def used_bits(data: bytes) -> int:
    """How many bits the largest value of a 16-bit grayscale image needs; 0 for any other image.

    Cameras and scanners store 10, 12 or 14 bits in files of 16. Transparent pixels do not count.
    """
    if not (data.startswith(b"\x89PNG") and data[24:26] == b"\x10\x00"):  # depth 16, grayscale
        return 0
    return _open(data, _largest).bit_length()


def _open(data: bytes, use: Callable[[Image.Image], Any]):
    """What `use` makes of an image; an `InputError` says why it cannot be read."""
    limit = Image.MAX_IMAGE_PIXELS or math.inf
    try:
        original = Image.open(io.BytesIO(data), formats=list(FORMATS))
        if original.width * original.height > limit:
            raise Image.DecompressionBombError
        original.load()
        ImageOps.exif_transpose(original, in_place=True)
        return use(original)
    except Image.DecompressionBombError:
        pixels = f"{limit / 1e6:.0f} million pixels"
        raise InputError(f"larger than {pixels}; make it smaller") from None
    except InputError:
        raise
    except Image.UnidentifiedImageError:
        raise InputError(f"not a {', '.join(FORMATS)} image, whatever its suffix") from None
    except Exception as error:  # decoders of damaged files raise almost anything
        raise InputError(f"broken image: {error}") from None


def resize_to(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Images (N, C, H, W) uint8 at another (C, H, W): bilinear with antialiasing.

    Grayscale becomes color by repetition, color becomes grayscale by ITU-R 601 luma.
    """
    if x.shape[1:] == shape:
        return x
    channels, height, width = shape
    out = np.empty((len(x), *shape), np.uint8)
    for i, image in enumerate(x):
        converted = _from_array(image).convert(MODES[channels])
        out[i] = to_array(converted.resize((width, height), Image.Resampling.BILINEAR))
    return out


def _from_array(image: np.ndarray) -> Image.Image:
    """(C, H, W) uint8 as a Pillow image."""
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


def to_array(image: Image.Image) -> np.ndarray:
    """A grayscale or RGB Pillow image as (C, H, W) uint8."""
    values = np.asarray(image)
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)


def _largest(image: Image.Image) -> int:
    values = np.asarray(image)
    return int(values[values != image.info.get("transparency")].max(initial=0))


def _eight_bits(image: Image.Image, mode: str, white: int) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grayscale; Pillow's convert would clip it at 255
        values = np.asarray(image)
        gray = np.rint(values * (255 / white)).clip(max=255)
        gray[values == image.info.get("transparency")] = 255
        return Image.fromarray(gray.astype(np.uint8)).convert(mode)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        background = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(background, image)
    return image.convert(mode)
