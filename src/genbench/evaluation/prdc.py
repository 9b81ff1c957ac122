"""Who lies near whom in feature space: precision, recall, density, coverage, duplicates.

Distances are Euclidean, in chunks: 50,000 images take less than 1 GiB.
"""

from typing import NamedTuple

import torch
from torch import Tensor

K_PRECISION_RECALL = 3
"""k of precision and recall (Kynkaanniemi et al. 2019)."""
K_DENSITY_COVERAGE = 5
"""k of density and coverage (Naeem et al. 2020)."""
CHUNK = 1000
DUPLICATE_QUANTILE = 0.01
"""Two images are near-duplicates if they are nearer than all but this share of real neighbours."""


class KnnRadii(NamedTuple):
    """Distances from each of N images to its 1st, NEAREST-th and DENSE-th nearest other, (N,)."""

    k1: Tensor
    k3: Tensor
    k5: Tensor


class ManifoldMembership(NamedTuple):
    """How each image lies to the other set; means over images are the metrics.

    precise : (M,) the generated image is within the NEAREST-th neighbour of some real image
    density : (M,) in how many real images' balls of DENSE neighbours it is, over DENSE
    recalled : (N,) the real image is within the NEAREST-th neighbour of some generated image
    covered : (N,) a generated image is within the real image's ball of DENSE neighbours
    """

    precise: Tensor
    density: Tensor
    recalled: Tensor
    covered: Tensor


def knn_radii(x: Tensor) -> KnnRadii:
    """Of images in a set (N, D) among the others; the farthest one where there are fewer."""
    last = len(x) - 1
    ranks = [min(k, last) for k in (1, K_PRECISION_RECALL, K_DENSITY_COVERAGE)]
    chunks = []
    for start in range(0, len(x), CHUNK):
        distances = torch.cdist(x[start : start + CHUNK], x)
        rows = torch.arange(len(distances))
        distances[rows, rows + start] = 0.0  # of itself, whatever rounding says
        chunks.append(distances.topk(ranks[-1] + 1, largest=False).values[:, ranks])
    return KnnRadii(*torch.cat(chunks).unbind(1))


def manifold_membership(
    real: Tensor, fake: Tensor, of_real: KnnRadii, of_fake: KnnRadii
) -> ManifoldMembership:
    """How generated images (M, D) lie among real ones (N, D), and the other way round.

    Source: Kynkaanniemi et al. 2019, arXiv:1904.06991, algorithm 1; Naeem et al. 2020,
    arXiv:2002.09797, section 3.
    """
    precise, density = [], []
    recalled, covered = (torch.zeros(len(real), dtype=torch.bool) for _ in range(2))
    for chunk, radii in zip(fake.split(CHUNK), of_fake.k3.split(CHUNK), strict=True):
        distances = torch.cdist(chunk, real)
        precise.append((distances <= of_real.k3).any(1))
        inside = distances <= of_real.k5
        density.append(inside.sum(1) / K_DENSITY_COVERAGE)
        covered |= inside.any(0)
        recalled |= (distances <= radii[:, None]).any(0)
    return ManifoldMembership(torch.cat(precise), torch.cat(density), recalled, covered)


def nearest_neighbor(x: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (N,) from each of x (N, D) to the nearest of another set (M, D), and which it is."""
    found = [torch.cdist(chunk, among).min(1) for chunk in x.split(CHUNK)]
    distances, which = (torch.cat(part) for part in zip(*found, strict=True))
    return distances, which


def near_duplicates(of_real: KnnRadii, of_fake: KnnRadii) -> Tensor:
    """Which generated images have a near-duplicate among the generated, (M,) bool.

    Near: closer than the TWIN quantile of the distances from real images to their nearest; so as
    many real images have one as TWIN says.
    """
    return of_fake.k1 < of_real.k1.quantile(DUPLICATE_QUANTILE)
