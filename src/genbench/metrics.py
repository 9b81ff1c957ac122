"""FID, IS and KID of features and logits, as torchmetrics computes them, and of resamples."""

import warnings
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from . import frechet

CHUNK = 1000
PAIRS = 100


class _Ready(nn.Module):
    """Stands in for the extractor: what torchmetrics is given are features already."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features

    def forward(self, x: Tensor) -> Tensor:
        return x


@contextmanager
def _own_randomness(seed: int):
    # torchmetrics draws subsets and orders from the global generator, and warns that it keeps
    # the features and that one split has no deviation: as it was asked to do
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        for message in (".* will save all extracted features", r"std\(\): degrees of freedom"):
            warnings.filterwarnings("ignore", message=message)
        torch.manual_seed(seed)
        yield


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Frechet distance of two Gaussians fitted to features (N, D): the FID of these features.

    Returns
    -------
    float, in squared feature units; 0 for equal sets, up to rounding. Biased upwards by about
    1/N, so it means something only beside N, the extractor and a floor measured at the same N.
    With no more images than features the covariances are singular, and torchmetrics' eigenvalues
    of their product lose the 5th digit: there `frechet.of_sets` gives the value.

    Raises
    ------
    ValueError : for fewer than 2 images.

    Source: Heusel et al. 2017, arXiv:1706.08500, as torchmetrics computes it (float64).
    """
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"expected at least 2 images each, got {len(real)} and {len(fake)}")
    if min(len(real), len(fake)) <= real.shape[1]:
        return frechet.of_sets(real, fake)
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=_Ready(real.shape[1])).set_dtype(torch.float64)
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return metric.compute().item()


def inception_score(logits: Tensor, *, splits: int, seed: int) -> tuple[float, float]:
    """exp E KL(p(class | x) || p(class)): mean and deviation over `splits` random parts.

    Parameters
    ----------
    logits : (N, K)

    Returns
    -------
    (float, float) : the score, from 1 (all alike or unsure) to K, and its deviation.

    Source: Salimans et al. 2016, arXiv:1606.03498, as torchmetrics computes it.
    """
    from torchmetrics.image.inception import InceptionScore

    with _own_randomness(seed):
        metric = InceptionScore(feature=_Ready(logits.shape[1]), splits=splits)
        metric.update(logits.double())
        mean, deviation = metric.compute()
    return mean.item(), 0.0 if splits == 1 else deviation.item()


def kernel_distance(
    real: Tensor, fake: Tensor, *, subsets: int, size: int, seed: int
) -> tuple[float, float]:
    """Squared MMD with the kernel (x.y / D + 1)^3: mean and deviation over random subsets.

    Returns
    -------
    (float, float) : unbiased, so slightly below 0 at times for equal distributions.

    Source: Binkowski et al. 2018, arXiv:1801.01401, as torchmetrics computes it.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    size = min(size, len(real), len(fake))
    with _own_randomness(seed):
        ready = _Ready(real.shape[1])
        metric = KernelInceptionDistance(feature=ready, subsets=subsets, subset_size=size)
        metric.update(real.double(), real=True)
        metric.update(fake.double(), real=False)
        mean, deviation = metric.compute()
    return mean.item(), deviation.item()


def inception_draws(logits: Tensor, counts: Tensor) -> Tensor:
    """Inception scores (B,) of (N, K) without splits, images taken as often as `counts` (B, N)."""
    log_p = logits.double().log_softmax(1)
    p, share = log_p.exp(), counts.double() / counts.sum(1, keepdim=True)
    marginal = share @ p
    sure = share @ (p * log_p).sum(1)
    return (sure - torch.special.xlogy(marginal, marginal).sum(1)).exp()


def kernel_draws(real: Tensor, fake: Tensor, real_counts: Tensor, fake_counts: Tensor) -> Tensor:
    """KIDs (B,) of all pairs in (N, D) and (M, D), taken as often as (B, N) and (B, M) say.

    Unbiased: an image is never compared with itself, nor with its copies in a resample. In
    the precision of the features, CHUNK rows of a kernel matrix at a time.
    """
    of_real = _mean_kernel(real, real, real_counts, real_counts, itself=False)
    of_fake = _mean_kernel(fake, fake, fake_counts, fake_counts, itself=False)
    return of_real + of_fake - 2 * _mean_kernel(fake, real, fake_counts, real_counts, itself=True)


def _mean_kernel(
    x: Tensor, y: Tensor, x_counts: Tensor, y_counts: Tensor, *, itself: bool
) -> Tensor:
    total = x.new_zeros(len(x_counts), dtype=torch.float64)
    for start in range(0, len(x), CHUNK):
        kernel = (x[start : start + CHUNK] @ y.T / x.shape[1] + 1) ** 3
        if not itself:
            kernel.diagonal(start).zero_()
        total += (x_counts[:, start : start + CHUNK] * (y_counts @ kernel.T)).sum(1)
    pairs = x_counts.double().sum(1) * y_counts.double().sum(1)
    if not itself:
        pairs -= x_counts.double().square().sum(1)
    return total / pairs.clamp_min(1)  # a resample of one image has no pair


def fidelity(x: Tensor, made: Tensor) -> dict[str, Tensor]:
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
