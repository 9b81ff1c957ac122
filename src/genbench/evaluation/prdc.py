"""Metrics of nearest neighbors in feature space: precision, recall, density, coverage, duplicates.

Distances are Euclidean, in chunks: 50,000 images take less than 1 GiB. Images whose distance is 0
are copies: real ones count once, as a ball of radius 0 holds nothing, and a quantile of 0 neither.
"""

from math import nan
from typing import NamedTuple

import torch
from torch import Tensor

from ..utils.distances import cdist

K_PRECISION_RECALL = 3
"""k of precision and recall (Kynkaanniemi et al. 2019)."""
K_DENSITY_COVERAGE = 5
"""k of density and coverage (Naeem et al. 2020)."""
DUPLICATE_QUANTILE = 0.01
"""Two images are near-duplicates if closer than this quantile of real nearest distances."""
ROUNDING = 2e-3
"""Copies are nearer than this, times their norm: features are rounded by batches."""
CHUNK = 1000


class KnnRadii(NamedTuple):
    """Distances from each of N images to its 1st, 3rd and 5th nearest other image, each (N,)."""

    k1: Tensor
    k3: Tensor
    k5: Tensor


class ManifoldMembership(NamedTuple):
    """Where each image lies relative to the other set; means over images are the metrics.

    in_real_manifold : (M,) the generated image is within the k-th neighbor of some real image
    density : (M,) number of real images' k-balls that hold the generated image, over k
    in_fake_manifold : (N,) the real image is within the k-th neighbor of some generated image
    covered : (N,) the real image's k-ball holds a generated image
    """

    in_real_manifold: Tensor
    density: Tensor
    in_fake_manifold: Tensor
    covered: Tensor


def knn_radii(x: Tensor) -> KnnRadii:
    """Radii of images (N, D) within their set; the farthest image's where there are fewer."""
    last = len(x) - 1
    ranks = [min(k, last) for k in (1, K_PRECISION_RECALL, K_DENSITY_COVERAGE)]
    radii = []
    for start in range(0, len(x), CHUNK):
        distances = _distances(x[start : start + CHUNK], x)
        rows = torch.arange(len(distances))
        distances[rows, rows + start] = 0.0  # to the image itself, whatever rounding says
        radii.append(distances.topk(ranks[-1] + 1, largest=False).values[:, ranks])
    return KnnRadii(*torch.cat(radii).unbind(1))


def distinct_knn_radii(x: Tensor) -> KnnRadii:
    """`knn_radii` among the distinct of images (N, D); NaN for a copy of an earlier one."""
    radii = torch.stack(knn_radii(x))
    (repeated,) = torch.where(radii[0] == 0)
    if len(repeated) > 0:
        _, first = nearest_neighbor(x[repeated], x[repeated])
        is_copy = torch.zeros(len(x), dtype=torch.bool)
        is_copy[repeated] = first < torch.arange(len(repeated))
        radii[:, is_copy] = nan
        radii[:, ~is_copy] = torch.stack(knn_radii(x[~is_copy]))
    return KnnRadii(*radii)


def _distances(x: Tensor, others: Tensor) -> Tensor:
    """From each of x (N, D) to each of the others (M, D), (N, M); 0 between copies."""
    distances = cdist(x, others)
    return distances.masked_fill_(distances <= ROUNDING * x.norm(dim=1, keepdim=True), 0.0)


def manifold_membership(
    real: Tensor, fake: Tensor, real_radii: KnnRadii, fake_radii: KnnRadii
) -> ManifoldMembership:
    """Membership of real images (N, D) and generated images (M, D) in each other's manifold.

    A real image without radii (NaN), a copy, has no ball.

    Source: Kynkaanniemi et al. 2019, arXiv:1904.06991, algorithm 1; Naeem et al. 2020,
    arXiv:2002.09797, section 3.
    """
    in_real_manifold = []
    density = []
    in_fake_manifold, covered = (torch.zeros(len(real), dtype=torch.bool) for _ in range(2))
    for chunk, radii in zip(fake.split(CHUNK), fake_radii.k3.split(CHUNK), strict=True):
        distances = _distances(chunk, real)
        in_real_manifold.append(_any(distances <= real_radii.k3, 1))
        in_ball = distances <= real_radii.k5
        density.append(in_ball.sum(1, dtype=torch.int32) / K_DENSITY_COVERAGE)
        covered |= _any(in_ball, 0)
        in_fake_manifold |= _any(distances <= radii[:, None], 0)
    return ManifoldMembership(
        torch.cat(in_real_manifold), torch.cat(density), in_fake_manifold, covered
    )


def _any(mask: Tensor, dim: int) -> Tensor:
    """As `mask.any(dim)`, which takes ten times as long."""
    return mask.view(torch.uint8).amax(dim).bool()


def neighbor_metrics(
    membership: ManifoldMembership, real_radii: KnnRadii, fake_radii: KnnRadii
) -> dict[str, float]:
    """Means over images of what `manifold_membership` and `near_duplicates` say of each.

    precision : share of generated images in the real manifold
    recall : share of distinct real images in the generated manifold
    density : mean number of real images' k-balls that hold a generated image, over k; about 1 if
        the sets are alike
    coverage : share of distinct real images whose k-ball holds a generated image
    duplicates : share of generated images with a near-duplicate among them
    """
    is_distinct = ~real_radii.k1.isnan()
    images = {
        "precision": membership.in_real_manifold,
        "recall": membership.in_fake_manifold[is_distinct],
        "density": membership.density,
        "coverage": membership.covered[is_distinct],
        "duplicates": near_duplicates(real_radii, fake_radii),
    }
    return {name: values.double().mean().item() for name, values in images.items()}


def near_duplicates(real_radii: KnnRadii, fake_radii: KnnRadii) -> Tensor:
    """Which generated images have a near-duplicate among the generated ones, (M,) bool.

    Its nearest one is closer than the DUPLICATE_QUANTILE of the distances from distinct real images
    to their nearest; so that share of them has one.
    """
    return fake_radii.k1 < real_radii.k1.nanquantile(DUPLICATE_QUANTILE)


def nearest_neighbor(x: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (N,) from each of x (N, D) to the nearest of another set (M, D), and its index.

    The distance from a copy is 0, and the index that of the first image that it is a copy of.
    """
    chunks = [_distances(chunk, others).min(1) for chunk in x.split(CHUNK)]
    distances, indices = (torch.cat(parts) for parts in zip(*chunks, strict=True))
    return distances, indices
