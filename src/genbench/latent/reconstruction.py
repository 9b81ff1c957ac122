"""How close reconstructions are to their images: PSNR, SSIM and squared error."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..models.base.sampling import decode

BATCH_SIZE = 100
"""Of the structural similarity."""


class EncodedImages(NamedTuple):
    """Images (N, C, H, W) uint8, their labels (N,) and latent codes (N, latent_dim).

    Of a model without an encoder: 0 images, and samples of the prior as codes.
    """

    x: np.ndarray
    y: np.ndarray
    codes: np.ndarray


def reconstruction_metrics(x: Tensor, reconstructions: Tensor) -> dict[str, Tensor]:
    """How close reconstructions are to their images, both (N, C, H, W) uint8; larger is closer.

    Returns
    -------
    psnr : (N,) peak signal-to-noise ratio in dB, of 255 gray levels; 100 at most, where an image
        is reproduced exactly
    ssim : (N,) structural similarity, 1 where equal (Wang et al. 2004), in a Gaussian window of
        11x11 pixels; of 5x5 where images have fewer than 16

    Source: both as torchmetrics computes them.
    """
    from torchmetrics.functional.image import (
        peak_signal_noise_ratio,
        structural_similarity_index_measure,
    )

    x = x.float()
    reconstructions = reconstructions.float()
    psnr = peak_signal_noise_ratio(
        reconstructions, x, data_range=255.0, reduction="none", dim=(1, 2, 3)
    )
    sigma = 1.5 if x.shape[-1] >= 16 else 0.5
    pairs = zip(reconstructions.split(BATCH_SIZE), x.split(BATCH_SIZE), strict=True)
    ssim: list[Any] = [
        structural_similarity_index_measure(*pair, sigma=sigma, reduction="none", data_range=255.0)
        for pair in pairs
    ]
    return {"psnr": psnr.clamp(max=100), "ssim": torch.cat(ssim)}


def reconstruction_errors(model, images: EncodedImages) -> dict[str, np.ndarray]:
    """psnr, ssim (`reconstruction_metrics`) and squared_error of reconstructed images, each (N,).

    squared_error is per pixel and channel, of gray levels in [0, 1].
    """
    reconstructions = decode(model, images.codes, images.y)
    pair = torch.as_tensor(images.x), torch.as_tensor(reconstructions)
    metrics = {name: v.double().numpy() for name, v in reconstruction_metrics(*pair).items()}
    error = ((images.x / 255 - reconstructions / 255) ** 2).mean((1, 2, 3))
    return metrics | {"squared_error": error}
