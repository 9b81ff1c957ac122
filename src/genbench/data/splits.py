"""Parts of a dataset that were not published: drawn stratified by class, or kept from training."""

import numpy as np

from ..utils.errors import InputError


def _rows(part: tuple, chosen: np.ndarray) -> tuple:
    return tuple(values[chosen] for values in part)


def share_of_classes(y: np.ndarray, share: float, rng) -> np.ndarray:
    """Mark about `share` of each class, at least one and not all: bool, as long as `y`."""
    chosen = np.zeros(len(y), bool)
    for label in np.unique(y):
        where = rng.permutation(np.flatnonzero(y == label))
        chosen[where[: np.clip(round(share * len(where)), 1, len(where) - 1)]] = True
    return chosen


def _check_counts(name: str, y: np.ndarray, classes: list[str], least: int) -> None:
    for label, n in zip(classes, np.bincount(y, minlength=len(classes)), strict=True):
        if n < least:
            raise InputError(f"{name}: class {label} has {n} images to split; {least} are needed")


def hold_out(parts: dict, classes: list[str], held: str, dataset: str):
    """Keep one class from all parts: parts and classes without it, and its test images.

    Raises
    ------
    InputError : if there is no such class.
    """
    if held not in classes:
        known = ", ".join(classes)
        raise InputError(f"anomaly.held_out_class: {dataset} has no class {held}; known: {known}")
    label, (test_x, test_y, *_) = classes.index(held), parts["test"]
    without = {k: _rows(part, part[1] != label) for k, part in parts.items()}
    without = {k: (x, y - (y > label), *more) for k, (x, y, *more) in without.items()}
    return without, [name for name in classes if name != held], test_x[test_y == label]
