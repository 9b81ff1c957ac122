"""Anomaly data: one class in train/, it and its defects in test/, as in MVTec AD.

Source: Bergmann et al. 2019, "MVTec AD", CVPR.
"""

import numpy as np

DEFECTS = "defects"
"""The split of the images of test/ whose class train/ lacks; nothing is trained on them."""
MASKS = "ground_truth"
"""The folder beside train/ that says where in an image the defect is.

Of test/crack/1.png it holds crack/1_mask.png, or crack/1.png; white is the defect.
"""

Labels = dict[str, tuple[str, str]]
"""{image: (split, class)}"""


def classes_by_split(labels: Labels) -> dict[str, set[str]]:
    """The names of the classes of each split."""
    classes_of: dict[str, set[str]] = {}
    for split, label in labels.values():
        classes_of.setdefault(split, set()).add(label)
    return classes_of


def set_defects_apart(labels: Labels) -> Labels:
    """The same labels, but for those of images of defects, whose split is `DEFECTS`.

    There are defects only where train/ has one class, and test/ has it and others: else a class was
    forgotten somewhere.
    """
    classes_of = classes_by_split(labels)
    train = classes_of.get("train", set())
    if len(train) != 1 or not train < classes_of.get("test", set()):
        return labels
    return {
        name: (DEFECTS if split == "test" and label not in train else split, label)
        for name, (split, label) in labels.items()
    }


def is_mask(parts: list[str]) -> bool:
    """Whether a file or folder lies in the folder of masks; `parts` begin beside train/."""
    return [part.casefold() for part in parts[:1]] == [MASKS]


def defect_arrays(
    x: np.ndarray, y: np.ndarray, masks: dict[int, np.ndarray]
) -> dict[str, np.ndarray]:
    """The arrays of a processed dataset that hold its defects, by name.

    Masks are kept of those defects of which every image has one.

    x, y : of the split `DEFECTS`: images (N, C, H, W) uint8, names of defects (N,) str
    masks : (H, W) bool, by the number of the image
    """
    names = np.unique(y)
    arrays = {"defect_names": names} | {f"defect_{name}_x": x[y == name] for name in names}
    for name in names:
        rows = np.nonzero(y == name)[0].tolist()
        if masks.keys() >= set(rows):
            arrays[f"defect_{name}_mask"] = np.stack([masks[row] for row in rows])
    return arrays
