"""Splits that were not published, stratified by class; classes held out of training."""

import unicodedata

import numpy as np

from ..utils.errors import InputError


def select_rows(arrays: tuple, rows: np.ndarray) -> tuple:
    """Select rows of every array (N, ...) by a mask or by indices."""
    return tuple(values[rows] for values in arrays)


def stratified_mask(y: np.ndarray, fraction: float, rng) -> np.ndarray:
    """Mark about `fraction` of each class at random, at least one and not all: (N,) bool."""
    mask = np.zeros(len(y), bool)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        mask[rows[: np.clip(round(fraction * len(rows)), 1, len(rows) - 1)]] = True
    return mask


def check_class_counts(name: str, y: np.ndarray, classes: list[str], minimum: int) -> None:
    """Raise an `InputError` that names a class with fewer than `minimum` images."""
    for label, n in zip(classes, np.bincount(y, minlength=len(classes)), strict=True):
        if n < minimum:
            raise InputError(f"{name}: class {label} has {n} images to split; {minimum} are needed")


def hold_out(splits: dict, classes: list[str], held_out: str, dataset: str):
    """Remove one class from all splits.

    Returns
    -------
    splits, classes : without it; labels above its own move down by one
    x : its test images (N, C, H, W)

    Raises
    ------
    InputError : if there is no such class, or no other.
    """
    held_out = unicodedata.normalize("NFC", held_out)  # as the names of folders are read
    if held_out not in classes:
        known = ", ".join(classes)
        wrong = f"{dataset} has no class {held_out}; known: {known}"
        raise InputError(f"anomaly.held_out_class: {wrong}")
    if len(classes) == 1:
        wrong = f"{held_out} is the only class of {dataset}; nothing would be left to train on"
        raise InputError(f"anomaly.held_out_class: {wrong}")
    label = classes.index(held_out)
    test_x, test_y, *_ = splits["test"]
    remaining = {}
    for split, arrays in splits.items():
        x, y, *factors = select_rows(arrays, arrays[1] != label)
        remaining[split] = x, y - (y > label), *factors
    return remaining, [name for name in classes if name != held_out], test_x[test_y == label]
