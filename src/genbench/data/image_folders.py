"""Images in class-named folders, with or without train/, val/ and test/ above them, as arrays."""

from collections import Counter
from pathlib import Path

import numpy as np

from ..utils import seeds
from ..utils.errors import InputError
from ..utils.progress import Progress
from . import archives, decoding

PARTS = ("train", "val", "test")
ALLOWED = ", ".join(decoding.SUFFIXES)
LAYOUT = "<class>/<image>, or train/<class>/<image> and test/<class>/<image>"


def load(path: Path, size: int, channels: int):
    """Decode every image of a folder, .zip or .tar.

    Returns
    -------
    parts : {part: (x (N, channels, size, size) uint8, y (N,) int64)}; the part is "train" where
        the folders name none. Images are sorted by name and then shuffled, always in the same
        way: sorted alone, the first n of a part would be one class.
    classes : sorted names of the class folders

    Raises
    ------
    InputError : naming the archive and the folder or image that cannot be used.
    """
    with archives.opened(path) as content:
        places, classes = _layout(path, content)
        parts, index = _empty_arrays(places, classes, (channels, size, size))
        stored = [name for name in content.files if name in places]
        with Progress(f"decoding {path.name}", len(stored)) as bar:
            for name in stored:
                part, i = index[name]
                try:
                    parts[part][0][i] = decoding.decode(content.files[name](), size, channels)
                except InputError as error:
                    raise InputError(f"{path}: {name}: {error}") from None
                bar.update(bar.done + 1)
    return parts, classes


def check(path: Path, *, needs_train: bool) -> list[str]:
    """Decode every image once, so that what is fetched can be preprocessed; names, sorted."""
    parts, _ = load(path, size=8, channels=1)
    if needs_train and "train" not in parts:
        raise InputError(f"{path}: train/ is missing; it holds {', '.join(parts)} only")
    with archives.opened(path) as content:
        images = sorted(filter(_is_image, content.files))
        ignored = Counter(Path(f).suffix.lower() or "none" for f in {*content.files} - {*images})
    if ignored:
        kinds = ", ".join(f"{n} of suffix {suffix}" for suffix, n in sorted(ignored.items()))
        print(f"{path}: ignored files other than {ALLOWED}: {kinds}")
    return images


def _is_image(name: str) -> bool:
    return name.lower().endswith(decoding.SUFFIXES)


def _layout(path: Path, content: archives.Content) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """{image: (part, class)} and the sorted classes, or an error that says what is wrong."""
    images = {name: name.split("/") for name in content.files if _is_image(name)}
    if not images:
        raise InputError(f"{path}: holds no image ({ALLOWED}) in a class folder")
    top = _depth_of_wrapper([*images.values(), *(f.split("/") for f in content.folders)])
    tops = {parts[top] for parts in images.values() if len(parts) > top + 1}
    depth = top + 2 if tops <= set(PARTS) and tops else top + 1
    for name, parts in images.items():
        if len(parts) != depth + 1:
            wrong = "is in no class folder" if len(parts) <= depth else "lies too deep"
            raise InputError(f"{path}: {name} {wrong}; expected {LAYOUT}")
    used = {"/".join(parts[:n]) for parts in images.values() for n in range(1, depth + 1)}
    for folder in sorted(content.folders - used):
        if folder.count("/") < depth:
            raise InputError(f"{path}: folder {folder} holds no image ({ALLOWED})")
    places = {
        name: (parts[top] if depth > top + 1 else "train", parts[depth - 1])
        for name, parts in images.items()
    }
    return places, _classes(path, places)


def _depth_of_wrapper(names: list[list[str]]) -> int:
    """How many folders enclose everything, as pets/ does when pets.zip holds pets/cat/1.png."""
    depth = 0
    longest = max(map(len, names))
    while depth + 2 < longest:
        shared = {parts[depth] for parts in names if len(parts) > depth}
        if len(shared) > 1 or shared <= set(PARTS):
            break
        depth += 1
    return depth


def _classes(path: Path, places: dict[str, tuple[str, str]]) -> list[str]:
    found = {}
    for part, label in places.values():
        found.setdefault(part, set()).add(label)
    classes = set.union(*found.values())
    for part, own in sorted(found.items()):
        for label in sorted(classes - own):
            raise InputError(f"{path}: class {label} is missing in {part}/; all parts need it")
    if len(classes) < 2:
        raise InputError(f"{path}: one class folder only ({classes.pop()}); expected {LAYOUT}")
    return sorted(classes)


def _empty_arrays(places, classes, shape):
    """Per part (x to be filled, y), and where in it each image goes: {name: (part, row)}."""
    number = {label: i for i, label in enumerate(classes)}
    parts, index = {}, {}
    for part in sorted({part for part, _ in places.values()}):
        names = sorted(name for name, (p, _) in places.items() if p == part)
        names = [names[i] for i in seeds.rng(0, "order", part).permutation(len(names))]
        labels = np.array([number[places[name][1]] for name in names], np.int64)
        parts[part] = np.empty((len(names), *shape), np.uint8), labels
        index |= {name: (part, row) for row, name in enumerate(names)}
    return parts, index
