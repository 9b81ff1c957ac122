"""Images that were made elsewhere and are to be judged: files of images, or arrays."""

import re
from pathlib import Path

import numpy as np

from ..utils.errors import InputError
from ..utils.progress import Progress
from . import archives, decoding

MIN_IMAGES = 10
ORDERS = {"x": (0, 1, 2, 3), "arr_0": (0, 3, 1, 2)}
"""The arrays that an .npz may have, and how their axes become (N, C, H, W)."""


def load_images(path: Path, real: np.ndarray, resize: bool) -> dict[str, np.ndarray]:
    """Read images that are to have the shape (C, H, W) of the `real` ones (M, C, H, W).

    Files of images stand in the order of their names, numbers in these by value (2 before 10);
    folders take turns, so that the first n images have all of them. An .npz has `x`
    (N, C, H, W), or `arr_0` (N, H, W, C) as guided-diffusion writes it, both uint8.

    Returns
    -------
    x : (N, C, H, W) uint8
    source : a text for the protocol: where they are from, and what else their numbers depend on

    Raises
    ------
    InputError : for images of another size unless `resize`, of more colors, damaged ones, and
        fewer than MIN_IMAGES.
    """
    read = _read_arrays if path.suffix.lower() == ".npz" else _read_files
    images, remark = read(path)
    if len(images) < MIN_IMAGES:
        raise InputError(f"{path}: holds {len(images)} images, must be at least {MIN_IMAGES}")
    shape = channels, height, width = real.shape[1:]
    if channels == 1:
        images = [_gray(path, image) for image in images]
    elif channels == 3:
        images = [np.broadcast_to(image, (3, *image.shape[1:])) for image in images]
    sizes = sorted({image.shape[1:] for image in images})
    others = [f"{w}x{h}" for h, w in sizes if (h, w) != (height, width)]
    if others and not resize:
        raise InputError(
            f"{path}: images are {', '.join(others[:5])} pixels wide and high, not"
            f" {width}x{height}; with `resize: true` they are resized, and the protocol says so"
        )
    if others:
        images = [decoding.resize_to(image[None], shape)[0] for image in images]
        remark = "; ".join(filter(None, [f"resized from {', '.join(others[:5])}", remark]))
    source = "; ".join(filter(None, ["made elsewhere", remark]))
    return {"x": np.stack(images), "source": np.array(source)}


def _read_arrays(path: Path) -> tuple[list[np.ndarray], str]:
    try:
        with np.load(path, allow_pickle=False) as file:
            name = next((name for name in ORDERS if name in file.files), None)
            if name is None:
                held = ", ".join(file.files) or "nothing"
                raise InputError(f"{path}: must have x (N, C, H, W) or arr_0 (N, H, W, C): {held}")
            x = file[name]
    except InputError:
        raise
    except (ValueError, OSError, EOFError, *archives.READ_ERRORS) as error:
        raise InputError(f"{path}: no readable .npz ({str(error).partition(chr(10))[0]})") from None
    axes = "(N, C, H, W)" if name == "x" else "(N, H, W, C)"
    if x.dtype != np.uint8:
        raise InputError(f"{path}: {name} must be uint8, from 0 to 255, got {x.dtype}")
    if x.ndim != 4 or x.transpose(ORDERS[name]).shape[1] not in (1, 3) or not len(x):
        raise InputError(f"{path}: {name} must be {axes} of 1 or 3 channels, got {x.shape}")
    return list(x.transpose(ORDERS[name])), ""


def _read_files(path: Path) -> tuple[list[np.ndarray], str]:
    images: dict[str, np.ndarray] = {}
    with archives.open_archive(path) as contents:
        names = [name for name in contents.files if name.lower().endswith(decoding.SUFFIXES)]
        if not names:
            raise InputError(f"{path}: holds no image ({', '.join(decoding.SUFFIXES)})")
        with Progress(f"decoding {path.name}", len(names)) as bar:
            for name in names:  # in stored order
                try:
                    images[name] = decoding.decode_as_it_is(contents.files[name]())
                except InputError as error:
                    raise InputError(f"{path}: {name}: {error}") from None
                bar.update(bar.done + 1)
    lossy = sum(name.lower().endswith((".jpg", ".jpeg")) for name in names)
    remark = f"{lossy:,} of {len(names):,} are JPEG, whose artifacts count" if lossy else ""
    return [images[name] for name in _in_turns(names)], remark


def _in_turns(names: list[str]) -> list[str]:
    """Names in natural order, one of each folder after the other."""
    folders: dict[str, list[str]] = {}
    for name in sorted(names, key=_natural):
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    place = {name: row for own in folders.values() for row, name in enumerate(own)}
    return sorted(place, key=lambda name: (place[name], _natural(name)))


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """A key by which 2 stands before 10."""
    parts = re.split(r"([0-9]+)", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _gray(path: Path, image: np.ndarray) -> np.ndarray:
    """One channel of an image (C, H, W) whose channels are equal."""
    if (image != image[:1]).any():
        raise InputError(f"{path}: images are in color, and those of the dataset are grayscale")
    return image[:1]
