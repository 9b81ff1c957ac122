"""Images out of a trained model: samples, walks between latents, reconstructions, traversals."""

from collections.abc import Callable

import numpy as np
import torch

from ...utils.images import grid, to_float, to_uint8
from ...utils.seeds import sample_latents

BATCH = 100
"""Images are decoded so many at a time, never fewer: small batches are rounded differently."""


def labels(n: int, classes: int) -> np.ndarray:
    """Class labels for `n` images, in turn: (n,) int64."""
    return np.arange(n) % classes


@torch.no_grad()
def decode(model, z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Latents (N, latent_dim) and labels (N,) to images (N, C, H, W) uint8.

    An image does not depend on how many are decoded with it, to the last bit.
    """
    n, filled = len(z), -(-len(z) // BATCH) * BATCH
    z, y = (np.resize(v, (filled, *v.shape[1:])) for v in (z, y))
    z, y = torch.from_numpy(z).to(model.device), torch.from_numpy(y).to(model.device)
    pairs = zip(z.split(BATCH), y.split(BATCH), strict=True)
    return torch.cat([to_uint8(model.decode(*pair)).cpu() for pair in pairs]).numpy()[:n]


def encode(model, x: np.ndarray, y: np.ndarray, batch_size: int = 500) -> np.ndarray | None:
    """Images (N, C, H, W) uint8 to codes (N, latent_dim) float32; None without an encoder."""
    return _of_images(model, model.encode, x, y, batch_size)


def negative_elbo(model, x: np.ndarray, y: np.ndarray, batch_size: int = 500) -> np.ndarray | None:
    """Upper bounds of -log p(x), (N,) nats per image, of uint8 images; None without a bound."""
    return _of_images(model, model.negative_elbo, x, y, batch_size)


def in_batches(model, work: Callable, x: np.ndarray, y: np.ndarray, size: int = 500) -> list:
    """What `work(images, labels)` gives batch by batch, on the model's device.

    x, y : images (N, C, H, W) uint8, which `work` gets in [-1, 1], and labels (N,)
    """
    pairs = zip(torch.as_tensor(x).split(size), torch.as_tensor(y).split(size), strict=True)
    return [work(to_float(a.to(model.device)), b.to(model.device)) for a, b in pairs]


@torch.no_grad()
def _of_images(model, what, x: np.ndarray, y: np.ndarray, batch_size: int) -> np.ndarray | None:
    parts = in_batches(model, what, x, y, batch_size)
    return None if parts[0] is None else torch.cat(parts).cpu().numpy()


def sample(model, n: int, classes: int, seed: int) -> dict[str, np.ndarray]:
    """`n` images `x` with the labels `y` and latents `z` they were made from."""
    z, y = sample_latents(n, model.latent_dim, seed), labels(n, classes)
    return {"x": decode(model, z, y), "y": y, "z": z}


def sample_grid(x: np.ndarray) -> np.ndarray:
    """The first 100 images, ten in a row."""
    return grid(x[:100], 10)
