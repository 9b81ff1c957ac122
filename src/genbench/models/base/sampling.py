"""Trained models applied to arrays, batch by batch: decoding, encoding, bounds, samples."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...utils.images import grid, to_float, to_uint8
from ...utils.seeds import sample_latents
from .marginal import log_class_shares, marginal_scores

BATCH = 100
"""Images are decoded so many at a time, never fewer: small batches are rounded differently."""


def labels(n: int, classes: int) -> np.ndarray:
    """Class labels for `n` images, cycling through the classes: (n,) int64."""
    return np.arange(n) % classes


@torch.no_grad()
def decode(model, z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Latents (N, latent_dim) and labels (N,) to images (N, C, H, W) uint8.

    An image does not depend on how many are decoded with it, to the last bit.
    """
    n = len(z)
    n_padded = -(-n // BATCH) * BATCH
    padded = [np.resize(array, (n_padded, *array.shape[1:])) for array in (z, y)]
    tensors = [torch.from_numpy(array).to(model.device) for array in padded]
    batches = zip(*(tensor.split(BATCH) for tensor in tensors), strict=True)
    return torch.cat([to_uint8(model.decode(*batch)).cpu() for batch in batches]).numpy()[:n]


def encode(model, x: np.ndarray, y: np.ndarray, batch_size: int = 500) -> np.ndarray | None:
    """Images (N, C, H, W) uint8 to posterior means (N, latent_dim); None without an encoder."""
    return _apply(model, model.encode, x, y, batch_size)


@torch.no_grad()
def negative_elbo(
    model, x: np.ndarray, log_shares: Tensor, batch_size: int = 500
) -> np.ndarray | None:
    """Upper bounds of -log p(x), (N,) nats per image, of uint8 images; None without a bound.

    Of a conditional model p(x) is the mixture of its classes by their shares (`marginal_scores`).
    """

    def bound(images: Tensor) -> Tensor | None:
        return marginal_scores(model, images, log_shares)[0].get("negative_elbo")

    bounds = in_batches(model, bound, x, size=batch_size)
    return None if bounds[0] is None else torch.cat(bounds).cpu().numpy()


def in_batches(
    model, function: Callable, x: np.ndarray, *labels: np.ndarray, size: int = 500
) -> list:
    """The values of `function(images, *labels)`, batch by batch, on the model's device.

    x : images (N, C, H, W) uint8, which `function` gets in [-1, 1]
    labels : arrays (N,) that go with them
    """
    images, *others = (torch.as_tensor(array).split(size) for array in (x, *labels))
    return [
        function(to_float(batch.to(model.device)), *(each.to(model.device) for each in rest))
        for batch, *rest in zip(images, *others, strict=True)
    ]


@torch.no_grad()
def _apply(model, function, x: np.ndarray, y: np.ndarray, batch_size: int) -> np.ndarray | None:
    outputs = in_batches(model, function, x, y, size=batch_size)
    return None if outputs[0] is None else torch.cat(outputs).cpu().numpy()


def proportional_labels(n: int, y: np.ndarray) -> np.ndarray:
    """Class labels (n,) int64 for `n` images, with the shares of the labels `y` of training images.

    Among the first m, for every m, each class is within one image of its share. A sample of other
    shares than the real images' would differ from them by that alone.
    """
    shares = np.bincount(y) / len(y)
    counts = np.zeros(len(shares), np.int64)
    chosen = np.empty(n, np.int64)
    for i in range(n):
        chosen[i] = np.argmax((i + 1) * shares - counts)
        counts[chosen[i]] += 1
    return chosen


def sample(model, n: int, train_y: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Generate `n` images `x`, with the labels `y` and the latents `z` that they are made from.

    train_y : labels of the training images, whose shares the labels have
    """
    z = sample_latents(n, model.latent_dim, seed)
    y = proportional_labels(n, train_y)
    return {"x": decode(model, z, y), "y": y, "z": z}


def generate(model, data: dict[str, np.ndarray], n: int, seed: int) -> dict[str, np.ndarray]:
    """What the stage `sample` keeps: `sample`, and bounds on the likelihood of test images.

    data : test_x and train_y of a processed dataset
    """
    samples = sample(model, n, data["train_y"], seed)
    if model.conditional:
        samples["labels"] = samples["y"]
    bounds = negative_elbo(model, data["test_x"], log_class_shares(data["train_y"]))
    return samples if bounds is None else samples | {"test_negative_elbo": bounds}


def sample_grid(x: np.ndarray) -> np.ndarray:
    """A picture of the first 100 images, ten in a row."""
    return grid(x[:100], 10)
