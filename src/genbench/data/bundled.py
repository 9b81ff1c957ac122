"""Images that need no download: scikit-learn carries them, or they are drawn here."""

import gzip
import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class BundledDataset:
    """Files that scikit-learn carries. Finding them imports none of it: that would cost 1 s.

    What is drawn needs none. `factors` names what the images are drawn from, where it is known.
    """

    files: tuple[str, ...] = ()
    load: Callable | None = None
    draw: Callable | None = None
    factors: tuple[str, ...] = ()

    def fetch(self, folder: Path, earlier: Path, *, needs_train: bool) -> None:
        """Copy the files into `folder`."""
        (package,) = importlib.util.find_spec("sklearn").submodule_search_locations
        for name in self.files:
            shutil.copyfile(Path(package, "datasets", name), folder / Path(name).name)


def read_digits(folder: Path):
    """The 1,797 digits as one part "train", grey levels 0..16 brought to 0..255, and the names."""
    with gzip.open(folder / "digits.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",")  # 64 pixels in 0..16, then the label
    x = np.rint(table[:, :64] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    return {"train": (x, table[:, 64].astype(np.int64))}, list("0123456789")
