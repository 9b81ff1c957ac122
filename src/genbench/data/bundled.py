"""Datasets that need no download: scikit-learn has them, or they are generated here."""

import gzip
import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class BundledDataset:
    """Files of the installed scikit-learn, or none if the images are generated.

    Parameters
    ----------
    files : names below `sklearn/datasets`
    load : reads the splits and the class names, for a dataset to train on
    generate : makes images of any shape, for a source of OOD images alone
    factors : names of the generative factors, where they are known
    """

    files: tuple[str, ...] = ()
    load: Callable | None = None
    generate: Callable | None = None
    factors: tuple[str, ...] = ()

    def download(self, folder: Path, previous: Path, *, needs_train: bool) -> None:
        """Copy the files into `folder`."""
        # importing sklearn to find them would cost 1 s
        spec = importlib.util.find_spec("sklearn")
        if spec is None or spec.submodule_search_locations is None:
            raise ModuleNotFoundError("scikit-learn is not installed")
        (package,) = spec.submodule_search_locations
        for name in self.files:
            shutil.copyfile(Path(package, "datasets", name), folder / Path(name).name)


def read_digits(folder: Path):
    """The 1,797 digits as one split "train", scaled from 0..16 to 0..255, and the class names."""
    with gzip.open(folder / "digits.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",")  # 64 pixels in 0..16, then the label
    x = np.rint(table[:, :64] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    return {"train": (x, table[:, 64].astype(np.int64))}, list("0123456789")
