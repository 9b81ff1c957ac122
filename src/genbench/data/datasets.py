"""Where each dataset comes from, and how its parts and its partners are made of that."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..utils import paths, seeds
from ..utils.errors import InputError
from . import decoding, image_folders, ood_images, shapes
from .bundled import BundledDataset, read_digits
from .splits import _check_counts, _rows, share_of_classes
from .torchvision_datasets import TorchvisionDataset, read_idx, read_pickles

MAX_OOD_IMAGES = 10_000  # images of a partner
MIN_IMAGES = 10  # images to train on, and to measure with
FASHION = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot".split(",")
NUMERALS = "zero one two three four five six seven eight nine".split()


@dataclass(frozen=True)
class UserImages:
    """Images of the user: the block `data.<name>` of params.yaml."""

    name: str
    path: str
    size: int
    channels: int

    def fetch(self, folder: Path, earlier: Path, *, needs_train: bool) -> None:
        """Check and copy the archive, or the images of the folder."""
        path = paths.resolve(self.path)
        if not path.exists():
            raise InputError(f"data.{self.name}.path: no such file or folder: {path}")
        images = image_folders.check(path, needs_train=needs_train)
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
            return
        for name in images:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path / name, folder / name)

    def load(self, folder: Path):
        """Parts and class names of what `fetch` left there: one archive, or folders."""
        first, *more = folder.iterdir()
        path = folder if more or first.is_dir() else first
        return image_folders.load(path, self.size, self.channels)


# What a name means. A source fetches; then it either loads parts and classes or draws images.
SOURCES = {
    "digits": BundledDataset(("data/digits.csv.gz",), load=read_digits),
    "mnist": TorchvisionDataset(
        "mnist",
        "MNIST",
        "MNIST/raw",
        (1, 28, 28),
        read_idx([f"{i} - {word}" for i, word in enumerate(NUMERALS)]),
    ),
    "fashion_mnist": TorchvisionDataset(
        "fashion_mnist", "FashionMNIST", "FashionMNIST/raw", (1, 28, 28), read_idx(FASHION)
    ),
    "cifar10": TorchvisionDataset(
        "cifar10",
        "CIFAR10",
        "cifar-10-batches-py",
        (3, 32, 32),
        read_pickles(
            [f"data_batch_{i}" for i in range(1, 6)],
            ["test_batch"],
            labels="labels",
            meta="batches.meta",
            names="label_names",
        ),
    ),
    "cifar100": TorchvisionDataset(
        "cifar100",
        "CIFAR100",
        "cifar-100-python",
        (3, 32, 32),
        read_pickles(
            ["train"], ["test"], labels="fine_labels", meta="meta", names="fine_label_names"
        ),
    ),
    "shapes": BundledDataset(load=shapes.load, factors=shapes.FACTORS),
    "photos": BundledDataset(
        ("images/china.jpg", "images/flower.jpg"), draw=ood_images.photo_patches
    ),
    "noise": BundledDataset(draw=ood_images.noise),
}


def _source(name: str, p):
    block = p.data.get(name)
    if block and block.path:
        return UserImages(name, block.path, block.size, block.channels)
    return SOURCES[name]


def ood_datasets(dataset: str, p) -> list[str]:
    """Names of what the dataset must be told apart from."""
    if dataset not in p.data:
        raise InputError(f"unknown dataset {dataset}; known: {', '.join(p.data)}")
    return p.data[dataset].ood


def download(dataset: str, p, folder: Path, earlier: Path) -> None:
    """Bring a dataset and its partners, as published, into `folder`/<name>/.

    `earlier` is such a folder of an earlier time; what is whole in it need not be downloaded again.
    """
    for name in (dataset, *ood_datasets(dataset, p)):
        (folder / name).mkdir(parents=True)
        _source(name, p).fetch(folder / name, earlier / name, needs_train=name == dataset)


def load(name: str, p, folder: Path):
    """Read what `fetch` brought and split off the parts that were not published.

    Returns
    -------
    parts : {"train", "val", "test": (x (N, C, H, W) uint8, y (N,) int64)}; a part that was
        published stays as it is, others are drawn stratified by class from `p.seed`. A dataset
        of known factors has them third: (N, F) int64, named by `factor_names`.
    classes : names of the K classes
    """
    parts, classes = _source(name, p).load(folder / name)
    rng = seeds.rng(p.seed, "split", name)
    for part, share in {"test": p.split.test, "val": p.split.val}.items():
        if part not in parts and "train" in parts:
            every = parts["train"]
            _check_counts(name, every[1], classes, 3 if part == "test" else 2)
            chosen = share_of_classes(every[1], share, rng)
            parts |= {"train": _rows(every, ~chosen), part: _rows(every, chosen)}
    for part in parts.keys() & {"train", "test"}:
        if (n := len(parts[part][0])) < MIN_IMAGES:
            raise InputError(f"{name}: {n} {part} images; at least {MIN_IMAGES} are needed")
    return parts, classes


def factor_names(name: str, p) -> tuple[str, ...]:
    """Names of the factors that a dataset's images are drawn from; () where none are known."""
    return getattr(_source(name, p), "factors", ())


def load_ood_images(
    name: str, dataset: str, p, folder: Path, shape, n_test: int
) -> tuple[np.ndarray, str]:
    """Images that `dataset` must be told apart from, (N, C, H, W) uint8 of the same `shape`.

    And in words what was done to them. Photo patches and noise are as many as the test images,
    at most 2,000; of another dataset it is the test part, at most 10,000, resized and its
    channels matched.
    """
    source = _source(name, p)
    rng = seeds.rng(p.seed, "ood", dataset, name)
    if getattr(source, "draw", None):
        return source.draw(
            folder / name, shape, min(n_test, ood_images.AT_MOST), rng
        ), "made at this size"
    parts, _ = load(name, p, folder)
    x, *_ = parts["test"]
    if len(x) > MAX_OOD_IMAGES:
        x = x[np.sort(rng.choice(len(x), MAX_OOD_IMAGES, replace=False))]
    if x.shape[1:] == shape:
        return x, "as they are"
    before, after = (" x ".join(map(str, s)) for s in (x.shape[1:], shape))
    how = "bilinear with antialiasing; grey by repetition, colour by ITU-R 601 luma"
    return decoding.resize_to(x, shape), f"brought from {before} to {after} ({how})"
