"""torchvision's datasets from a mirror or the network, checked by MD5 and read by numpy."""

import gzip
import hashlib
import http.client
import os
import pickle
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..utils import paths
from ..utils.errors import InputError
from . import image_folders

TIMEOUT_SECONDS = 15  # without an answer, per address; torchvision sets none


@dataclass(frozen=True)
class TorchvisionDataset:
    """A dataset of torchvision.

    A mirror may have <name>.zip with class folders instead, of images of any size.

    Parameters
    ----------
    torchvision_class : its name in `torchvision.datasets`
    layout : the folder, below its root, of the files that this class downloads
    shape : (C, H, W)
    read : reads the splits and the class names from that folder
    """

    name: str
    torchvision_class: str
    layout: str
    shape: tuple[int, int, int]
    read: Callable[[Path], tuple[dict, list[str]]]

    def download(self, folder: Path, previous: Path, *, needs_train: bool) -> None:
        """Fill `folder` from the mirror, a `previous` download or, last, the network."""
        mirror = paths.mirror()
        if mirror and not mirror.is_dir():
            raise InputError(f"GENBENCH_MIRROR: no such folder: {mirror}")
        if mirror and (mirror / self.layout).is_dir():
            return self._copy(mirror, folder)
        if mirror and self._zip_path(mirror).is_file():
            image_folders.check(self._zip_path(mirror), needs_train=needs_train)
            shutil.copyfile(self._zip_path(mirror), self._zip_path(folder))
            return
        try:
            return self._copy(previous, folder)
        except InputError:
            pass  # not there, or damaged: downloaded again
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            self._download_by_torchvision(Path(scratch), mirror)
            self._copy(Path(scratch), folder)

    def load(self, folder: Path):
        """Read the splits {name: (x (N, C, H, W) uint8, y (N,) int64)} and the class names."""
        if self._zip_path(folder).is_file():
            channels, size, _ = self.shape
            return image_folders.load(self._zip_path(folder), size, channels)
        return self.read(folder / self.layout)

    def _zip_path(self, folder: Path) -> Path:
        return folder / f"{self.name}.zip"

    def _copy(self, root: Path, folder: Path) -> None:
        (folder / self.layout).mkdir(parents=True, exist_ok=True)
        for name, md5 in self._checksums().items():
            source = root / self.layout / name
            if not source.is_file():
                raise InputError(f"{self.name}: {source} is missing; put it there")
            data = source.read_bytes()
            if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
                raise InputError(f"{source}: truncated or damaged, MD5 is not {md5}; replace it")
            (folder / self.layout / name).write_bytes(data)
        print(f"{self.name}: checksums verified")

    def _checksums(self) -> dict[str, str]:
        dataset = self._class()
        if hasattr(dataset, "resources"):  # the MNIST family
            return dict(dataset.resources)
        meta = dataset.meta["filename"], dataset.meta["md5"]
        return dict([*dataset.train_list, *dataset.test_list, meta])

    def _class(self):
        if not sys.stderr.isatty():  # torchvision's bar would fill a log with 10 lines a second
            os.environ.setdefault("TQDM_MININTERVAL", "10")
        import torchvision

        return getattr(torchvision.datasets, self.torchvision_class)

    def _download_by_torchvision(self, root: Path, mirror: Path | None) -> None:
        print(f"{self.name}: downloading", flush=True)
        socket.setdefaulttimeout(TIMEOUT_SECONDS)
        try:
            self._class()(root, download=True)
        except (RuntimeError, OSError, EOFError, http.client.HTTPException) as error:
            needed = f"{self.layout}/ (torchvision's files) or {self.name}.zip (class folders)"
            remedy = f"the download failed; set GENBENCH_MIRROR to a folder with {needed}"
            if mirror:
                problem = f"GENBENCH_MIRROR ({mirror}) lacks {needed}"
                remedy = f"{problem}, and the download failed; add it"
            line = f"{self.name}: {remedy}, or connect to the network [{error}]"
            raise InputError(line) from None


# Not torchvision's own readers: importing them would cost `preprocess` 5 s.
def idx_reader(classes: list[str]):
    """A reader of the MNIST family's four gzipped IDX files."""

    def read(folder: Path):
        splits = {}
        for split, name in {"train": "train", "test": "t10k"}.items():
            x = _idx(folder / f"{name}-images-idx3-ubyte.gz")
            y = _idx(folder / f"{name}-labels-idx1-ubyte.gz")
            splits[split] = x[:, None], y.astype(np.int64)
        return splits, classes

    return read


def _idx(path: Path) -> np.ndarray:
    """An IDX file: 2 zero bytes, type (8: uint8), number of axes, their lengths, the values."""
    data = gzip.decompress(path.read_bytes())
    axes = data[3]
    shape = np.frombuffer(data, ">u4", axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def pickle_reader(train: list[str], test: list[str], labels: str, meta: str, names: str):
    """A reader of CIFAR's pickled batches."""

    def read(folder: Path):
        splits = {}
        for split, files in {"train": train, "test": test}.items():
            batches = [_unpickle(folder / name) for name in files]
            x = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
            y = np.concatenate([batch[labels] for batch in batches]).astype(np.int64)
            splits[split] = x, y
        return splits, _unpickle(folder / meta)[names]

    return read


class _ArrayUnpickler(pickle.Unpickler):
    """Builds numpy arrays and nothing else: a pickle may run any code when read."""

    def find_class(self, module, name):
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np._core.multiarray._reconstruct  # the module's name since numpy 2
        raise InputError(f"{module}.{name} is not allowed in a CIFAR batch; download it again")


def _unpickle(path: Path) -> dict:
    with path.open("rb") as file:
        return _ArrayUnpickler(file, encoding="latin1").load()  # written by Python 2
