"""torchvision's datasets: from a mirror or a previous download, or an error with the remedy."""

import gzip
import hashlib
import pickle
import struct

import numpy as np
import pytest

from genbench.data import datasets, torchvision_datasets
from genbench.utils.errors import InputError

MNIST = datasets.SOURCES["mnist"]


def idx(values: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(head + values.astype(np.uint8).tobytes())


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror with a small MNIST; its checksums are taken for torchvision's."""
    folder, rng = tmp_path / "mirror" / MNIST.layout, np.random.default_rng(0)
    folder.mkdir(parents=True)
    for part, n in (("train", 40), ("t10k", 20)):
        images = rng.integers(256, size=(n, 28, 28))
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(images[:, 0, 0] % 10))
    sums = {f.name: hashlib.md5(f.read_bytes()).hexdigest() for f in folder.iterdir()}
    monkeypatch.setattr(torchvision_datasets.TorchvisionDataset, "_checksums", lambda self: sums)
    monkeypatch.setenv("GENBENCH_MIRROR", str(tmp_path / "mirror"))
    return folder


def download(source, folder, previous):
    folder.mkdir()
    source.download(folder, previous, needs_train=True)
    return folder


def test_mnist_of_a_mirror_is_read_as_written(tmp_path, mirror):
    parts, classes = MNIST.load(download(MNIST, tmp_path / "raw", tmp_path / "none"))
    want = np.random.default_rng(0).integers(256, size=(40, 28, 28))
    x, y = parts["train"]
    np.testing.assert_array_equal(x, want[:, None])
    np.testing.assert_array_equal(y, want[:, 0, 0] % 10)
    assert parts["test"][0].shape == (20, 1, 28, 28) and classes[9] == "9 - nine"


def test_a_damaged_file_of_a_mirror_is_named(tmp_path, mirror):
    labels = mirror / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes()[:-9])
    with pytest.raises(InputError, match=f"{labels}: truncated or damaged"):
        download(MNIST, tmp_path / "raw", tmp_path / "none")


def test_an_undamaged_previous_download_is_not_downloaded_again(tmp_path, mirror, monkeypatch):
    previous = download(MNIST, tmp_path / "raw", tmp_path / "none")
    monkeypatch.delenv("GENBENCH_MIRROR")
    assert MNIST.load(download(MNIST, tmp_path / "new", previous))[1]


def test_a_damaged_previous_download_is_downloaded_again(tmp_path, mirror, monkeypatch):
    previous = download(MNIST, tmp_path / "raw", tmp_path / "none")
    (previous / MNIST.layout / "t10k-labels-idx1-ubyte.gz").write_bytes(b"half")
    monkeypatch.delenv("GENBENCH_MIRROR")

    def download_files(root, download):
        (root / MNIST.layout).parent.mkdir(parents=True)
        mirror.rename(root / MNIST.layout)

    monkeypatch.setattr(
        torchvision_datasets.TorchvisionDataset, "_class", lambda self: download_files
    )
    new = download(MNIST, tmp_path / "new", previous)
    assert len(MNIST.load(new)[0]["test"][1]) == 20
    assert [f.name for f in new.iterdir()] == ["MNIST"]


@pytest.mark.parametrize("mirror_holds_something_else", [False, True])
def test_without_network_the_error_says_what_to_do(
    tmp_path, monkeypatch, mirror_holds_something_else
):
    def unreachable(root, download):
        raise OSError("no route to host")

    monkeypatch.delenv("GENBENCH_MIRROR", raising=False)
    if mirror_holds_something_else:
        monkeypatch.setenv("GENBENCH_MIRROR", str(tmp_path))
    monkeypatch.setattr(
        torchvision_datasets.TorchvisionDataset, "_checksums", lambda self: {"a.gz": ""}
    )
    monkeypatch.setattr(torchvision_datasets.TorchvisionDataset, "_class", lambda self: unreachable)
    with pytest.raises(InputError, match=r"mnist: .*GENBENCH_MIRROR .*mnist.zip.*no route to host"):
        download(MNIST, tmp_path / "raw", tmp_path / "none")


def test_a_mirror_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="GENBENCH_MIRROR: no such folder: .*nowhere"):
        download(MNIST, tmp_path / "raw", tmp_path / "none")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar100"])
def test_layout_files_and_class_names_are_torchvisions(name, tmp_path, monkeypatch):
    source = datasets.SOURCES[name]
    paths = []
    batch = {"data": np.zeros((1, 3072)), "labels": [0], "fine_labels": [0]}
    batch |= {"label_names": [], "fine_label_names": []}
    monkeypatch.setattr(
        torchvision_datasets, "_idx", lambda f: paths.append(f) or np.zeros((1, 28, 28))
    )
    monkeypatch.setattr(torchvision_datasets, "_unpickle", lambda f: paths.append(f) or batch)
    _, classes = source.load(tmp_path)
    torchvision_class = source._class()
    dataset = torchvision_class.__new__(torchvision_class)
    dataset.root = tmp_path
    folder = getattr(dataset, "raw_folder", None) or tmp_path / dataset.base_folder
    assert sorted(map(str, paths)) == sorted(f"{folder}/{file}" for file in source._checksums())
    assert classes == getattr(torchvision_class, "classes", [])  # CIFAR's are in its files


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings, which is how CIFAR was published."""

    def save_string(self, data):
        self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)

    dispatch = {**pickle._Pickler.dispatch, bytes: save_string}


def dump(path, value):
    with path.open("wb") as file:
        Python2Pickler(file, protocol=2).dump(value)
    data = path.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    path.write_bytes(data)


def test_cifars_pickles_are_read_as_written(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    x = np.random.default_rng(0).integers(256, size=(6, 3, 32, 32), dtype=np.uint8)
    for part in ("train", "test"):
        rows = {b"data": x.reshape(6, -1), b"fine_labels": [0, 1, 2, 0, 1, 2]}
        dump(folder / part, rows | {b"filenames": [b"\xe9.png"] * 6})
    dump(folder / "meta", {b"fine_label_names": [b"apple", b"bear", b"cup"]})
    parts, classes = datasets.SOURCES["cifar100"].load(tmp_path)
    for images, labels in parts.values():
        np.testing.assert_array_equal(images, x)
        np.testing.assert_array_equal(labels, np.array([0, 1, 2, 0, 1, 2]))
        assert labels.dtype == np.int64
    assert classes == ["apple", "bear", "cup"]


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    import os

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "evil"),)

    (tmp_path / "cifar-100-python").mkdir()
    (tmp_path / "cifar-100-python/train").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match="mkdir is not allowed in a CIFAR batch"):
        datasets.SOURCES["cifar100"].load(tmp_path)
    assert not (tmp_path / "evil").exists()
