"""Datasets of torchvision: from a mirror or the network, checksums held, read by numpy."""

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

TIMEOUT = 15  # seconds without an answer, per address; torchvision sets none


@dataclass(frozen=True)
class TorchvisionDataset:
    """A dataset of torchvision: `layout` is where its class keeps the files, below its root.

    A mirror may hold <name>.zip of class folders instead, images of any size.
    """

    name: str
    torchvision_class: str
    layout: str
    shape: tuple[int, int, int]
    read: Callable[[Path], tuple[dict, list[str]]]

    def fetch(self, folder: Path, earlier: Path, *, needs_train: bool) -> None:
        """Fill `folder` from the mirror, from an `earlier` fetch or, last, from the network."""
        mirror = paths.mirror()
        if mirror and not mirror.is_dir():
            raise InputError(f"GENBENCH_MIRROR: no such folder: {mirror}")
        if mirror and (mirror / self.layout).is_dir():
            return self._copy(mirror, folder)
        if mirror and self._zip(mirror).is_file():
            image_folders.check(self._zip(mirror), needs_train=needs_train)
            shutil.copyfile(self._zip(mirror), self._zip(folder))
            return
        try:
            return self._copy(earlier, folder)
        except InputError:
            pass  # nothing there, or broken: fetched again
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            self._download(Path(scratch), mirror)
            self._copy(Path(scratch), folder)

    def load(self, folder: Path):
        """Parts {name: (x uint8 NCHW, y int64)} and class names, of what `fetch` left there."""
        if self._zip(folder).is_file():
            channels, size, _ = self.shape
            return image_folders.load(self._zip(folder), size, channels)
        return self.read(folder / self.layout)

    def _zip(self, folder: Path) -> Path:
        return folder / f"{self.name}.zip"

    def _copy(self, root: Path, folder: Path) -> None:
        (folder / self.layout).mkdir(parents=True, exist_ok=True)
        for name, md5 in self._checksums().items():
            source = root / self.layout / name
            if not source.is_file():
                raise InputError(f"{self.name}: {source} is missing; put it there")
            data = source.read_bytes()
            if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
                raise InputError(f"{source}: cut off or damaged (its MD5 is not {md5}); replace it")
            (folder / self.layout / name).write_bytes(data)
        print(f"{self.name}: checksums hold")

    def _checksums(self) -> dict[str, str]:
        known = self._class()
        if hasattr(known, "resources"):  # the MNIST family
            return dict(known.resources)
        meta = known.meta["filename"], known.meta["md5"]
        return dict([*known.train_list, *known.test_list, meta])

    def _class(self):
        if not sys.stderr.isatty():  # 10 updates a second of torchvision's bar would fill a log
            os.environ.setdefault("TQDM_MININTERVAL", "10")
        import torchvision

        return getattr(torchvision.datasets, self.torchvision_class)

    def _download(self, root: Path, mirror: Path | None) -> None:
        print(f"{self.name}: downloading", flush=True)
        socket.setdefaulttimeout(TIMEOUT)
        try:
            self._class()(root, download=True)
        except (RuntimeError, OSError, EOFError, http.client.HTTPException) as error:
            needed = f"{self.layout}/ (torchvision's files) or {self.name}.zip (class folders)"
            remedy = (
                f"GENBENCH_MIRROR ({mirror}) lacks {needed}, and the download failed; add it"
                if mirror
                else f"the download failed; set GENBENCH_MIRROR to a folder with {needed}"
            )
            raise InputError(
                f"{self.name}: {remedy}, or connect to the network [{error}]"
            ) from None


def read_idx(classes: list[str]):
    """A reader of the MNIST family's four gzipped IDX files."""

    def read(folder: Path):
        parts = {}
        for part, name in {"train": "train", "test": "t10k"}.items():
            x = _idx(folder / f"{name}-images-idx3-ubyte.gz")
            y = _idx(folder / f"{name}-labels-idx1-ubyte.gz")
            parts[part] = x[:, None], y.astype(np.int64)
        return parts, classes

    return read


def _idx(path: Path) -> np.ndarray:
    """An IDX file: 2 zero bytes, type (8: uint8), number of axes, their lengths, the values."""
    data = gzip.decompress(path.read_bytes())
    axes = data[3]
    shape = np.frombuffer(data, ">u4", axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def read_pickles(train: list[str], test: list[str], labels: str, meta: str, names: str):
    """A reader of CIFAR's pickled batches."""

    def read(folder: Path):
        parts = {}
        for part, files in {"train": train, "test": test}.items():
            batches = [_unpickle(folder / name) for name in files]
            x = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
            parts[part] = x, np.concatenate([batch[labels] for batch in batches]).astype(np.int64)
        return parts, _unpickle(folder / meta)[names]

    return read


class _ArraysOnly(pickle.Unpickler):
    """A pickle may run any code when read; this one may only build numpy arrays."""

    def find_class(self, module, name):
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np._core.multiarray._reconstruct  # the module's name since numpy 2
        raise InputError(f"{module}.{name} has no place in a CIFAR batch; download it again")


def _unpickle(path: Path) -> dict:
    with path.open("rb") as file:
        return _ArraysOnly(file, encoding="latin1").load()  # written by Python 2
