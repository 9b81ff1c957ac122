"""How near reconstructions are to their images."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..models.base.sampling import decode

PAIRS = 100


def reconstruction_metrics(x: Tensor, made: Tensor) -> dict[str, Tensor]:
    """How near reconstructions are to their images, both (N, C, H, W) uint8; larger is nearer.

    Returns
    -------
    psnr : (N,) peak signal-to-noise ratio in dB, of 255 grey levels; 100 at most, where an image
        is repeated exactly
    ssim : (N,) structural similarity, 1 where equal (Wang et al. 2004), in a Gaussian window of
        11x11 pixels; of 5x5 where images have fewer than 16

    Source: both as torchmetrics computes them.
    """
    from torchmetrics.functional.image import (
        peak_signal_noise_ratio,
        structural_similarity_index_measure,
    )

    x, made = x.float(), made.float()
    each = {"data_range": 255.0, "reduction": "none"}
    psnr = peak_signal_noise_ratio(made, x, dim=(1, 2, 3), **each)
    sigma = 1.5 if x.shape[-1] >= 16 else 0.5
    parts = zip(made.split(PAIRS), x.split(PAIRS), strict=True)
    ssim = [structural_similarity_index_measure(*p, sigma=sigma, **each) for p in parts]
    return {"psnr": psnr.clamp(max=100), "ssim": torch.cat(ssim)}


class EncodedImages(NamedTuple):
    """Images (N, C, H, W) uint8, their labels (N,) and codes (N, latent_dim).

    Of a model without an encoder: no images, and draws from the prior.
    """

    x: np.ndarray | None
    y: np.ndarray
    codes: np.ndarray


def reconstruction_results(model, coded: EncodedImages) -> dict[str, np.ndarray]:
    """psnr, ssim (`metrics.fidelity`) and squared_error of the images' reconstructions, each (N,).

    squared_error is per pixel and channel, of grey levels in [0, 1].
    """
    made = decode(model, coded.codes, coded.y)
    near = reconstruction_metrics(torch.as_tensor(coded.x), torch.as_tensor(made))
    error = ((coded.x / 255 - made / 255) ** 2).mean((1, 2, 3))
    return {k: v.double().numpy() for k, v in near.items()} | {"squared_error": error}
