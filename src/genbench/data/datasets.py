"""The sources of all datasets by name: download, splits, out-of-distribution (OOD) images."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..utils import paths, seeds
from ..utils.errors import InputError
from . import decoding, image_folders, ood_images, shapes
from .bundled import BundledDataset, read_digits
from .splits import check_class_counts, select_rows, stratified_mask
from .torchvision_datasets import TorchvisionDataset, idx_reader, pickle_reader

MAX_OOD_IMAGES = 10_000  # of one OOD dataset
MIN_IMAGES = 10  # of the training and of the test split
MNIST_CLASSES = (
    "0 - zero,1 - one,2 - two,3 - three,4 - four,5 - five,6 - six,7 - seven,8 - eight,9 - nine"
).split(",")
FASHION_CLASSES = (
    "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
).split(",")


@dataclass(frozen=True)
class UserImages:
    """Images of the user: the block `data.<name>` of params.yaml."""

    name: str
    path: str
    size: int
    channels: int

    def download(self, folder: Path, previous: Path, *, needs_train: bool) -> None:
        """Check and copy the archive, or the images of the folder."""
        path = paths.resolve(self.path)
        if not path.exists():
            raise InputError(f"data.{self.name}.path: no such file or folder: {path}")
        image_folders.check(path, needs_train=needs_train)
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
        else:
            image_folders.copy(path, folder)

    def load(self, folder: Path):
        """Read the splits and the class names of one archive, or of folders."""
        first, *more = folder.iterdir()
        path = folder if more or first.is_dir() else first
        return image_folders.load(path, self.size, self.channels)


# Every source downloads; then it either loads splits and classes or generates OOD images.
SOURCES = {
    "digits": BundledDataset(files=("data/digits.csv.gz",), load=read_digits),
    "mnist": TorchvisionDataset(
        name="mnist",
        torchvision_class="MNIST",
        layout="MNIST/raw",
        shape=(1, 28, 28),
        read=idx_reader(MNIST_CLASSES),
    ),
    "fashion_mnist": TorchvisionDataset(
        name="fashion_mnist",
        torchvision_class="FashionMNIST",
        layout="FashionMNIST/raw",
        shape=(1, 28, 28),
        read=idx_reader(FASHION_CLASSES),
    ),
    "cifar10": TorchvisionDataset(
        name="cifar10",
        torchvision_class="CIFAR10",
        layout="cifar-10-batches-py",
        shape=(3, 32, 32),
        read=pickle_reader(
            train=[f"data_batch_{i}" for i in range(1, 6)],
            test=["test_batch"],
            labels="labels",
            meta="batches.meta",
            names="label_names",
        ),
    ),
    "cifar100": TorchvisionDataset(
        name="cifar100",
        torchvision_class="CIFAR100",
        layout="cifar-100-python",
        shape=(3, 32, 32),
        read=pickle_reader(
            train=["train"],
            test=["test"],
            labels="fine_labels",
            meta="meta",
            names="fine_label_names",
        ),
    ),
    "shapes": BundledDataset(load=shapes.load, factors=shapes.FACTORS),
    "photos": BundledDataset(
        files=("images/china.jpg", "images/flower.jpg"), generate=ood_images.photo_patches
    ),
    "noise": BundledDataset(generate=ood_images.uniform_noise),
}


def _get_source(name: str, params):
    block = params.data.get(name)
    if block and block.path:
        return UserImages(name, block.path, block.size, block.channels)
    return SOURCES[name]


def ood_datasets(dataset: str, params) -> list[str]:
    """Names of the OOD datasets of a dataset."""
    if dataset not in params.data:
        raise InputError(f"unknown dataset {dataset}; known: {', '.join(params.data)}")
    return params.data[dataset].ood


def download(dataset: str, params, folder: Path, previous: Path) -> None:
    """Download a dataset and its OOD datasets, as published, into `folder`/<name>/.

    `previous` is such a folder of a previous run; its undamaged files are not downloaded again.
    """
    for name in (dataset, *ood_datasets(dataset, params)):
        (folder / name).mkdir(parents=True)
        source = _get_source(name, params)
        source.download(folder / name, previous / name, needs_train=name == dataset)


def load_dataset(name: str, params, folder: Path):
    """Read a downloaded dataset and split off what was not published.

    Returns
    -------
    splits : {"train", "val", "test": (x (N, C, H, W) uint8, y (N,) int64)}; published splits stay
        as they are, others are drawn stratified by class from `params.data_seed`. A dataset with
        known factors has them third: (N, F) int64, named by `factor_names`. Anomaly data have
        `DEFECTS` too, see `image_folders.load`.
    classes : names of the K classes
    """
    splits, classes = _get_source(name, params).load(folder / name)
    rng = seeds.rng(params.data_seed, "split", name)
    for split, fraction in {"test": params.split.test, "val": params.split.val}.items():
        if split not in splits and "train" in splits:
            train = splits["train"]
            y = train[1]
            check_class_counts(name, y, classes, 3 if split == "test" else 2)
            mask = stratified_mask(y, fraction, rng)
            splits |= {"train": select_rows(train, ~mask), split: select_rows(train, mask)}
    for split in splits.keys() & {"train", "test"}:
        if (n := len(splits[split][0])) < MIN_IMAGES:
            raise InputError(f"{name}: {n} {split} images; at least {MIN_IMAGES} are needed")
    return splits, classes


def factor_names(name: str, params) -> tuple[str, ...]:
    """Names of a dataset's generative factors; () where none are known."""
    return getattr(_get_source(name, params), "factors", ())


def load_ood_images(
    name: str, dataset: str, params, folder: Path, shape: tuple[int, int, int], n_test: int
) -> tuple[np.ndarray, str]:
    """Images of an OOD dataset, (N, C, H, W) uint8 of `shape`, and their preprocessing in words.

    Photo patches and noise are as many as the test images, at most 2,000; of another dataset it
    is the test split, at most 10,000, resized and converted to the number of channels.
    """
    source = _get_source(name, params)
    rng = seeds.rng(params.data_seed, "ood", dataset, name)
    if generate := getattr(source, "generate", None):
        n = min(n_test, ood_images.MAX_GENERATED)
        return generate(folder / name, shape, n, rng), "made at this size"
    splits, _ = load_dataset(name, params, folder)
    x, *_ = splits["test"]
    if len(x) > MAX_OOD_IMAGES:
        x = x[np.sort(rng.choice(len(x), MAX_OOD_IMAGES, replace=False))]
    if x.shape[1:] == shape:
        return x, "as they are"
    before, after = (" x ".join(map(str, s)) for s in (x.shape[1:], shape))
    method = "bilinear with antialiasing; grey by repetition, colour by ITU-R 601 luma"
    return decoding.resize_to(x, shape), f"brought from {before} to {after} ({method})"
