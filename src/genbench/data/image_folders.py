"""Images in class-named folders, with or without train/, val/ and test/ above them, as arrays."""

from collections import Counter
from pathlib import Path

import numpy as np

from ..utils import seeds
from ..utils.errors import InputError
from ..utils.progress import Progress
from . import archives, decoding

SPLITS = ("train", "val", "test")
ALLOWED_SUFFIXES = ", ".join(decoding.SUFFIXES)
LAYOUT = "<class>/<image>, or train/<class>/<image> and test/<class>/<image>"


def load(path: Path, size: int, channels: int):
    """Decode every image of a folder, .zip or .tar.

    Returns
    -------
    splits : {split: (x (N, channels, size, size) uint8, y (N,) int64)}; "train" where the
        folders name none. Images are sorted by name and then shuffled, always in the same way:
        sorted alone, the first n of a split would be one class.
    classes : sorted names of the class folders

    Raises
    ------
    InputError : naming the archive and the folder or image that cannot be used.
    """
    with archives.open_archive(path) as contents:
        labels, classes = _assign_images(path, contents)
        splits, rows = _empty_arrays(labels, classes, (channels, size, size))
        stored = [name for name in contents.files if name in labels]
        with Progress(f"decoding {path.name}", len(stored)) as bar:
            for name in stored:
                split, row = rows[name]
                try:
                    splits[split][0][row] = decoding.decode(contents.files[name](), size, channels)
                except InputError as error:
                    raise InputError(f"{path}: {name}: {error}") from None
                bar.update(bar.done + 1)
    return splits, classes


def check(path: Path, *, needs_train: bool) -> list[str]:
    """Decode every image once, so that errors show before the download; sorted names."""
    splits, _ = load(path, size=8, channels=1)
    if needs_train and "train" not in splits:
        raise InputError(f"{path}: train/ is missing; it holds {', '.join(splits)} only")
    with archives.open_archive(path) as contents:
        images = sorted(filter(_is_image, contents.files))
        others = contents.files.keys() - set(images)
        ignored = Counter(Path(name).suffix.lower() or "none" for name in others)
    if ignored:
        counts = ", ".join(f"{n} of suffix {suffix}" for suffix, n in sorted(ignored.items()))
        print(f"{path}: ignored files other than {ALLOWED_SUFFIXES}: {counts}")
    return images


def _is_image(name: str) -> bool:
    return name.lower().endswith(decoding.SUFFIXES)


def _assign_images(
    path: Path, contents: archives.Contents
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """{image: (split, class)} and the sorted classes, or an error that says what is wrong."""
    images = {name: name.split("/") for name in contents.files if _is_image(name)}
    if not images:
        raise InputError(f"{path}: holds no image ({ALLOWED_SUFFIXES}) in a class folder")
    top = _depth_of_wrapper([*images.values(), *(f.split("/") for f in contents.folders)])
    top_folders = {parts[top] for parts in images.values() if len(parts) > top + 1}
    has_splits = bool(top_folders) and top_folders <= set(SPLITS)
    depth = top + 2 if has_splits else top + 1
    for name, parts in images.items():
        if len(parts) != depth + 1:
            problem = "is in no class folder" if len(parts) <= depth else "is nested too deeply"
            raise InputError(f"{path}: {name} {problem}; expected {LAYOUT}")
    folders = {"/".join(parts[:n]) for parts in images.values() for n in range(1, depth + 1)}
    for folder in sorted(contents.folders - folders):
        if folder.count("/") < depth:
            raise InputError(f"{path}: folder {folder} holds no image ({ALLOWED_SUFFIXES})")
    labels = {
        name: (parts[top] if has_splits else "train", parts[depth - 1])
        for name, parts in images.items()
    }
    return labels, _classes(path, labels)


def _depth_of_wrapper(names: list[list[str]]) -> int:
    """How many folders enclose everything, as pets/ does when pets.zip holds pets/cat/1.png."""
    depth = 0
    longest = max(map(len, names))
    while depth + 2 < longest:
        shared = {parts[depth] for parts in names if len(parts) > depth}
        if len(shared) > 1 or shared <= set(SPLITS):
            break
        depth += 1
    return depth


def _classes(path: Path, labels: dict[str, tuple[str, str]]) -> list[str]:
    classes_of: dict[str, set[str]] = {}
    for split, label in labels.values():
        classes_of.setdefault(split, set()).add(label)
    classes = set.union(*classes_of.values())
    for split, own in sorted(classes_of.items()):
        for label in sorted(classes - own):
            raise InputError(f"{path}: class {label} is missing in {split}/; all splits need it")
    if len(classes) < 2:
        raise InputError(f"{path}: one class folder only ({classes.pop()}); expected {LAYOUT}")
    return sorted(classes)


def _empty_arrays(labels: dict[str, tuple[str, str]], classes: list[str], shape):
    """Per split (x to be filled, y), and where in it each image goes: {name: (split, row)}."""
    number = {label: i for i, label in enumerate(classes)}
    splits = {}
    rows: dict[str, tuple[str, int]] = {}
    for split in sorted({split for split, _ in labels.values()}):
        names = sorted(name for name, (s, _) in labels.items() if s == split)
        names = [names[i] for i in seeds.rng(0, "order", split).permutation(len(names))]
        y = np.array([number[labels[name][1]] for name in names], np.int64)
        splits[split] = np.empty((len(names), *shape), np.uint8), y
        rows |= {name: (split, row) for row, name in enumerate(names)}
    return splits, rows
