"""Turn a dataset and its OOD datasets into uint8 arrays: train, val, test, ood_, defect_<name>."""

from pathlib import Path

from genbench import params  # before NumPy is loaded: it says how

# isort: split
import numpy as np

from genbench.data import datasets, splits
from genbench.data.copies import describe_copies
from genbench.data.defects import DEFECTS, defect_arrays
from genbench.params import Params
from genbench.utils import cli, files


def main(dataset: str, raw: Path, out: Path) -> None:
    choices = params.load()
    splits_by_name, classes = datasets.load_dataset(dataset, choices, raw)
    ood_names = []
    defects = splits_by_name.pop(DEFECTS, None)
    arrays = defect_arrays(*defects) if defects else {}
    held_out = choices.anomaly.held_out_class
    if held_out is not None:
        splits_by_name, classes, x = splits.hold_out(splits_by_name, classes, held_out, dataset)
        name = f"class {held_out}"
        ood_names.append(name)
        arrays |= ood_arrays(name, x, "kept from training")
    parts = ("train", "val", "test")
    if copies := describe_copies(*(splits_by_name[split][0] for split in parts)):
        arrays["copies"] = np.array(copies)
    for split in parts:
        for kind, values in zip(("x", "y", "factors"), splits_by_name[split], strict=False):
            arrays[f"{split}_{kind}"] = values
    n_test, *shape = arrays["test_x"].shape
    for name in datasets.ood_datasets(dataset, choices):
        x, preprocessing = datasets.load_ood_images(
            name, dataset, choices, raw, shape=tuple(shape), n_test=n_test
        )
        ood_names.append(name)
        arrays |= ood_arrays(name, x, preprocessing)
    arrays["ood_names"] = np.array(ood_names, dtype=str)
    save(dataset, choices, out, arrays, classes)


def ood_arrays(name: str, x: np.ndarray, preprocessing: str) -> dict[str, np.ndarray]:
    """The arrays of one OOD dataset, and in words what was done to its images."""
    return {f"ood_{name}_x": x, f"ood_{name}_preprocessing": np.array(preprocessing)}


def save(
    dataset: str, choices: Params, out: Path, arrays: dict[str, np.ndarray], classes: list[str]
) -> None:
    """Say what was made, and write it."""
    if factor_names := datasets.factor_names(dataset, choices):
        arrays["factor_names"] = np.array(factor_names)
    for name, values in arrays.items():
        shown = values.shape if name.endswith(("_x", "_y", "_factors")) else values
        print(f"{dataset}: {name} {shown}")
    files.save_npz(out, **arrays, classes=np.array(classes))


if __name__ == "__main__":
    cli.run(main)
