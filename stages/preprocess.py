"""Turn a dataset and its OOD datasets into uint8 arrays: train, val, test, ood_<name>."""

from pathlib import Path

import numpy as np

from genbench import params
from genbench.data import datasets, splits
from genbench.utils import cli, files


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, raw=Path, out=Path)
    p = params.load()
    ood_names = datasets.ood_datasets(a.dataset, p)
    parts, classes = datasets.load_dataset(a.dataset, p, a.raw)
    arrays = {}
    held_out = p.anomaly.held_out_class
    if held_out is not None:
        parts, classes, x = splits.hold_out(parts, classes, held_out, a.dataset)
        arrays[f"ood_class {held_out}_x"] = x
        arrays[f"ood_class {held_out}_preprocessing"] = "kept from training"
    for part in ("train", "val", "test"):
        for kind, values in zip(("x", "y", "factors"), parts[part], strict=False):
            arrays[f"{part}_{kind}"] = values
    n_test, *shape = arrays["test_x"].shape
    for name in ood_names:
        x, preprocessing = datasets.load_ood_images(
            name, a.dataset, p, a.raw, shape=tuple(shape), n_test=n_test
        )
        arrays[f"ood_{name}_x"] = x
        arrays[f"ood_{name}_preprocessing"] = preprocessing
    if held_out is not None:
        ood_names = [f"class {held_out}", *ood_names]
    arrays["ood_names"] = np.array(ood_names, dtype=str)
    if names := datasets.factor_names(a.dataset, p):
        arrays["factor_names"] = np.array(names)
    for name, x in arrays.items():
        print(f"{a.dataset}: {name} {x.shape if name.endswith(('_x', '_y', '_factors')) else x}")
    files.save_npz(a.out, **arrays, classes=np.array(classes))


if __name__ == "__main__":
    cli.run(main)
