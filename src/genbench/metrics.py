"""Quality of generated images, from features and logits; the point values are torchmetrics'."""

import warnings
from contextlib import contextmanager

import torch
from torch import Tensor, nn

NEAREST = 3
CHUNK = 1000


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
    # the features, which is what it is asked to do
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* will save all extracted features")
        torch.manual_seed(seed)
        yield


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Frechet distance of two Gaussians fitted to features (N, D): the FID of these features.

    Returns
    -------
    float, in squared feature units; 0 for equal sets, up to rounding. Biased upwards by about
    1/N, so it means something only beside N, the extractor and a floor measured at the same N.

    Raises
    ------
    ValueError : for fewer than 2 images.

    Source: Heusel et al. 2017, arXiv:1706.08500, as torchmetrics computes it (float64).
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    if min(len(real), len(fake)) < 2:
        raise ValueError(f"expected at least 2 images each, got {len(real)} and {len(fake)}")
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


def classes_covered(logits: Tensor, *, share: float = 0.1) -> int:
    """Number of classes that get at least `share` of an equal part (N / K) of the images."""
    n, classes = logits.shape
    counts = logits.argmax(1).bincount(minlength=classes)
    return int((counts >= share * n / classes).sum())


def precision_and_recall(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """Shares of generated images among the real ones, and of real images among the generated.

    An image is among a set if it lies, for any image of the set, no further than that image's
    NEAREST-th neighbour in the set.

    Parameters
    ----------
    real, fake : (N, D) and (M, D) features

    Returns
    -------
    (float, float) : precision and recall, each from 0 to 1. For equal distributions both lie
        below 1, by how much depends on N, M and D.

    Source: Kynkaanniemi et al. 2019, arXiv:1904.06991, section 2 and algorithm 1, k = 3.
    """
    return _inside(fake, real), _inside(real, fake)


def _inside(points: Tensor, of: Tensor) -> float:
    k = min(NEAREST, len(of) - 1) + 1  # the nearest is the image itself
    radii = torch.cat([torch.cdist(p, of).kthvalue(k).values for p in of.split(CHUNK)])
    inside = [(torch.cdist(p, of) <= radii).any(1) for p in points.split(CHUNK)]
    return torch.cat(inside).float().mean().item()


def quality(real: Tensor, fake: Tensor, logits: Tensor, *, choices, seed: int) -> dict[str, float]:
    """Every metric of generated images that needs no second opinion on the real ones.

    Parameters
    ----------
    real, fake : (N, D) features of real test images and of generated images, the same N
    logits : (N, K) of the generated images
    choices : the block `evaluate` of params.yaml
    """
    score, score_std = inception_score(logits, splits=choices.splits, seed=seed)
    subsets = {"subsets": choices.kid_subsets, "size": choices.kid_subset_size}
    distance, distance_std = kernel_distance(real, fake, **subsets, seed=seed)
    precision, recall = precision_and_recall(real, fake)
    return {
        "fid_classifier": frechet_distance(real, fake),
        "is_classifier": score,
        "is_classifier_std": score_std,
        "kid_classifier": distance,
        "kid_classifier_std": distance_std,
        "precision": precision,
        "recall": recall,
        "classes_covered": classes_covered(logits),
        "n_real": len(real),
        "n_fake": len(fake),
    }
