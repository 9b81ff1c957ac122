"""Images, in class folders or not, with or without train/, val/ and test/ above, as arrays."""

from collections import Counter
from pathlib import Path

import numpy as np

from ..utils import seeds
from ..utils.errors import InputError
from ..utils.progress import Progress
from . import archives, decoding
from .defects import DEFECTS, MASKS, classes_by_split, is_mask, set_defects_apart

SPLITS = {"train": "train", "test": "test", "val": "val", "valid": "val", "validation": "val"}
"""Names of the folders of splits, in any case."""
MAX_NAMES = 100  # in one message
ALLOWED_SUFFIXES = ", ".join(decoding.SUFFIXES)
LAYOUT = "<class>/<image>, or images in no folder, or train/ and test/ with either"
ONE_CLASS = "all images"
"""The name of the only class of a source without class folders."""


def load(path: Path, size: int, channels: int):
    """Decode every image of a folder, .zip or .tar.

    16-bit grayscale is read as of the fewest bits that hold all of the source's values: white of a
    12-bit camera is then 255, not 16.

    Returns
    -------
    splits : {split: (x (N, channels, size, size) uint8, y (N,) int64)}; "train" where the
        folders name none. Images are sorted by name and then shuffled, always in the same way:
        sorted alone, the first n of a split would be one class. `DEFECTS` is among them if train/
        has one class and test/ others too; its y has the names of these, (N,) str, and beside it
        are masks (size, size) bool, by the number of the image.
    classes : sorted names of the class folders; one name, `ONE_CLASS`, where there are none

    Raises
    ------
    InputError : naming the archive and the folder, or all images, that cannot be used.
    """
    with archives.open_archive(path) as contents:
        labels, classes = _assign_images(path, contents)
        splits, rows = _empty_arrays(labels, classes, (channels, size, size))
        places = {}
        for name in (name for name in contents.files if name in labels):  # in stored order
            split, row = rows[name]
            places[name] = splits[split][0][row]
        bits = _decode(path, contents, places)
        if (largest := max(bits.values(), default=16)) < 16:
            white = f"{2**largest - 1:,} is white"
            print(f"{path}: {len(bits):,} images of 16 bits use {largest}: {white}")
            for name in bits:
                data = contents.files[name]()
                places[name][:] = decoding.decode(data, size, channels, largest)
        if DEFECTS in splits:
            splits[DEFECTS] += (_masks(path, contents, labels, rows, size),)
    return splits, classes


def _masks(path: Path, contents: archives.Contents, labels, rows, size: int):
    """Masks (size, size) bool of images of defects, by their row; True if a part of a pixel is."""
    row_of = {
        (label, Path(name).stem): rows[name][1]
        for name, (split, label) in labels.items()
        if split == DEFECTS
    }
    masks = {}
    places = {}
    for name in (name for name in contents.files if _is_image(name) and name not in labels):
        defect, file = name.split("/")[-2:]
        row = row_of.get((defect, Path(file).stem.removesuffix("_mask")))
        if row is not None:
            masks[row] = places[name] = np.zeros((1, size, size), np.uint8)
    if places:
        _decode(path, contents, places)
    return {row: mask[0] > 0 for row, mask in masks.items()}


def _decode(
    path: Path, contents: archives.Contents, places: dict[str, np.ndarray]
) -> dict[str, int]:
    """Decode images into their places (C, size, size); how many bits each uses of those of 16."""
    bits = {}
    broken = {}
    with Progress(f"decoding {path.name}", len(places)) as bar:
        for name, place in places.items():
            channels, size, _ = place.shape
            try:
                data = contents.files[name]()
                place[:] = decoding.decode(data, size, channels)
                if used := decoding.used_bits(data):
                    bits[name] = used
            except (InputError, OSError, *archives.READ_ERRORS) as error:
                broken[name] = getattr(error, "strerror", None) or str(error)
            bar.update(bar.done + 1)
    if broken:
        raise InputError(f"{path}: {_broken_images(broken)}")
    return bits


def _broken_images(reasons: dict[str, str]) -> str:
    names_of: dict[str, list[str]] = {}
    for name in sorted(reasons)[:MAX_NAMES]:
        names_of.setdefault(reasons[name], []).append(name)
    lines = [f"{', '.join(names)}: {reason}" for reason, names in names_of.items()]
    if len(reasons) > MAX_NAMES:
        lines.append(f"and {len(reasons) - MAX_NAMES:,} more")
    count = f"{len(reasons):,} images cannot be used: " if len(reasons) > 1 else ""
    return count + "; ".join(lines)


def check(path: Path, *, needs_train: bool) -> None:
    """Decode every image once, so that errors show before the download."""
    splits, classes = load(path, size=8, channels=1)
    if needs_train and "train" not in splits:
        raise InputError(f"{path}: train/ is missing; it holds {', '.join(splits)} only")
    masks = {}
    if DEFECTS in splits:
        _, y, masks = splits[DEFECTS]
        names = ", ".join(sorted(set(y)))
        print(f"{path}: defects, as train/ holds {classes[0]} alone: {names}")
        lacking = Counter(name for row, name in enumerate(y.tolist()) if row not in masks)
        if masks and lacking:
            counts = ", ".join(f"{n} of {name}" for name, n in sorted(lacking.items()))
            unknown = "where these are is not measured"
            print(f"{path}: {MASKS}/ has no masks of some images ({counts}): {unknown}")
    with archives.open_archive(path) as contents:
        labels, _ = _assign_images(path, contents)
        others = [name for name in contents.files if name not in labels]
    suffixes = Counter(
        Path(name).suffix.lower() or "none" for name in others if not _is_image(name)
    )
    counts = ", ".join(f"{n} of suffix {suffix}" for suffix, n in sorted(suffixes.items()))
    ignored = [f"files other than {ALLOWED_SUFFIXES}: {counts}"] if suffixes else []
    if n_masks := len(others) - suffixes.total() - len(masks):
        ignored.append(f"{n_masks} images of {MASKS}/")
    if ignored:
        print(f"{path}: ignored {'; '.join(ignored)}")


def copy(path: Path, folder: Path) -> None:
    """Copy the images of a folder, under the names by which `load` knows them."""
    with archives.open_archive(path) as contents:
        for name in filter(_is_image, contents.files):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(contents.files[name]())


def _is_image(name: str) -> bool:
    return name.lower().endswith(decoding.SUFFIXES)


def _assign_images(
    path: Path, contents: archives.Contents
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """{image: (split, class)} and the sorted classes, or an error that says what is wrong."""
    images = {name: name.split("/") for name in contents.files if _is_image(name)}
    if not images:
        raise InputError(f"{path}: holds no image ({ALLOWED_SUFFIXES})")
    top = _depth_of_wrapper([*images.values(), *(f.split("/") for f in contents.folders)])
    if _has_one_class_to_train([parts[top:] for parts in images.values()]):
        images = {name: parts for name, parts in images.items() if not is_mask(parts[top:])}
        folders = {name for name in contents.folders if not is_mask(name.split("/")[top:])}
        contents = contents._replace(folders=folders)
    split_of = _split_folders(path, [parts[top:] for parts in images.values()])
    depth = top + 2 if split_of else top + 1
    has_classes = any(len(parts) != depth for parts in images.values())
    if has_classes:
        _check_class_folders(path, contents, images, depth)
    labels = {
        name: (
            split_of.get(parts[top], "train"),
            parts[depth - 1] if has_classes else ONE_CLASS,
        )
        for name, parts in images.items()
    }
    labels = set_defects_apart(labels)
    return labels, _classes(path, labels)


def _has_one_class_to_train(images: list[list[str]]) -> bool:
    """Whether train/ has one class folder. `images` are names as lists of parts."""
    train = [parts for parts in images if SPLITS.get(parts[0].casefold()) == "train"]
    return len({parts[1] for parts in train if len(parts) > 2}) == 1


def _check_class_folders(
    path: Path, contents: archives.Contents, images: dict[str, list[str]], depth: int
) -> None:
    loose = sorted(name for name, parts in images.items() if len(parts) <= depth)
    nested = sorted(name for name, parts in images.items() if len(parts) > depth + 1)
    for names, problem in ((loose, "is in no class folder"), (nested, "is nested too deeply")):
        if names:
            more = f" (and {len(names) - 1:,} more)" if len(names) > 1 else ""
            raise InputError(f"{path}: {names[0]}{more} {problem}; expected {LAYOUT}")
    folders = {"/".join(parts[:n]) for parts in images.values() for n in range(1, depth + 1)}
    for folder in sorted(contents.folders - folders):
        if folder.count("/") < depth:
            raise InputError(f"{path}: folder {folder} holds no image ({ALLOWED_SUFFIXES})")


def _split_folders(path: Path, images: list[list[str]]) -> dict[str, str]:
    """{folder: split} of the folders at the top; {} if these are classes: one may be called test.

    `images` are names as lists of parts. The folders are splits if all are called so, or if one
    that is holds folders.
    """
    folders = {parts[0] for parts in images if len(parts) > 1}
    split_of = {name: SPLITS[name.casefold()] for name in folders if name.casefold() in SPLITS}
    others = sorted(folders - split_of.keys())
    if others and not any(parts[0] in split_of and len(parts) > 2 for parts in images):
        return {}
    if others:
        beside = "/, ".join(sorted(split_of))
        allowed = "train, val (valid, validation) and test"
        raise InputError(f"{path}: folder {others[0]}/ stands beside {beside}/; allowed: {allowed}")
    for split in sorted(set(split_of.values())):
        names = sorted(name for name, of in split_of.items() if of == split)
        if len(names) > 1:
            raise InputError(f"{path}: {'/ and '.join(names)}/ are both {split}; keep one")
    return split_of


def _depth_of_wrapper(names: list[list[str]]) -> int:
    """How many folders enclose everything, as pets/ does when pets.zip holds pets/cat/1.png."""
    depth = 0
    longest = max(map(len, names))
    while depth + 2 < longest:
        shared = {parts[depth] for parts in names if len(parts) > depth}
        if len(shared) > 1 or {name.casefold() for name in shared} <= SPLITS.keys():
            break
        depth += 1
    return depth


def _classes(path: Path, labels: dict[str, tuple[str, str]]) -> list[str]:
    classes_of = classes_by_split(labels)
    has_defects = classes_of.pop(DEFECTS, None)
    classes = set.union(*classes_of.values())
    if has_defects and len(classes) > 1:
        (normal,) = classes_of["train"]
        others = ", ".join(sorted(classes - {normal}))
        raise InputError(f"{path}: val/ holds {others}; beside defects it may hold {normal} alone")
    for split, own in sorted(classes_of.items()):
        if missing := ", ".join(sorted(classes - own)):
            raise InputError(f"{path}: class {missing} is missing in {split}/; all splits need it")
    return sorted(classes)


def _empty_arrays(labels: dict[str, tuple[str, str]], classes: list[str], shape):
    """Per split (x to be filled, y), and where in it each image goes: {name: (split, row)}."""
    number = {label: i for i, label in enumerate(classes)}
    splits = {}
    rows: dict[str, tuple[str, int]] = {}
    for split in sorted({split for split, _ in labels.values()}):
        names = sorted(name for name, (s, _) in labels.items() if s == split)
        names = [names[i] for i in seeds.rng(0, "order", split).permutation(len(names))]
        y = np.array([labels[name][1] for name in names])
        if split != DEFECTS:
            y = np.array([number[label] for label in y], np.int64)
        splits[split] = np.empty((len(names), *shape), np.uint8), y
        rows |= {name: (split, row) for row, name in enumerate(names)}
    return splits, rows
