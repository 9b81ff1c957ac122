"""What the report says and shows of a processed dataset."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..utils import files


@dataclass(frozen=True)
class ProcessedDataset:
    """Sizes, names and test images of a processed dataset.

    n_images : by part, train, val and test
    preprocessing : of each OOD dataset by its name, in words
    test_x : (N, C, H, W) uint8
    n_defects : images of each defect by its name; {} for a dataset without
    copies : how many images are copies of others, in words; "" if none is
    """

    classes: list[str]
    n_images: dict[str, int]
    preprocessing: dict[str, str]
    test_x: np.ndarray
    n_defects: dict[str, int]
    copies: str


def load_processed(path: Path) -> ProcessedDataset:
    """Read these parts of a processed dataset."""
    parts = ("train", "val", "test")
    names = files.ood_names(path)
    test_x, classes = files.load_npz(path, "test_x", "classes")
    labels = files.load_npz(path, *(f"{part}_y" for part in parts))
    texts = files.load_npz(path, *(f"ood_{name}_preprocessing" for name in names))
    defects = files.defect_names(path)
    defects_x = files.load_npz(path, *(f"defect_{name}_x" for name in defects))
    copies = files.load_npz(path, "copies") if "copies" in files.array_names(path) else [""]
    return ProcessedDataset(
        classes=[str(name) for name in classes],
        n_images={part: len(y) for part, y in zip(parts, labels, strict=True)},
        preprocessing={name: str(text) for name, text in zip(names, texts, strict=True)},
        test_x=test_x,
        n_defects={name: len(x) for name, x in zip(defects, defects_x, strict=True)},
        copies=str(copies[0]),
    )
