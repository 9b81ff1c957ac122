"""The Frechet distance of two sets of features, without torchmetrics."""

from typing import NamedTuple

import torch
from torch import Tensor

from .distances import sqrt


def fid_from_features(a: Tensor, b: Tensor) -> float:
    """FID of features (N, D) and (M, D).

    Fast enough for many subsets of the images, and equal to torchmetrics' value up to rounding.
    With fewer images than features the covariances A'A and B'B are singular; the root's trace is
    then the sum of the singular values of A B'.
    """
    if min(len(a), len(b)) > a.shape[1]:
        return frechet_distance(moments(a), moments(b))
    a_mean, a_rows = _mean_and_scaled_rows(a.double())
    b_mean, b_rows = _mean_and_scaled_rows(b.double())
    cross = torch.linalg.svdvals(a_rows @ b_rows.T).sum()
    traces = a_rows.square().sum() + b_rows.square().sum()
    return ((a_mean - b_mean).square().sum() + traces - 2 * cross).item()


class Moments(NamedTuple):
    """Mean (D,) and unbiased covariance (D, D) of features."""

    mean: Tensor
    covariance: Tensor


def moments(x: Tensor) -> Moments:
    """Moments of features (N, D), float64 at the end.

    Products are in the precision of `x`: float32 costs about 1e-6 of the distance.
    """
    mean, rows = _mean_and_scaled_rows(x)
    return Moments(mean.double(), (rows.T @ rows).double())


def frechet_distance(a: Moments, b: Moments) -> float:
    """|mean difference|^2 + tr(A + B - 2 (A B)^(1/2)), for covariances of full rank.

    The trace of the root is that of L' B L, A = L L', whose eigenvalues are those of A B.
    Source: Dowson & Landau 1982; Heusel et al. 2017, arXiv:1706.08500.
    """
    lower, failed = torch.linalg.cholesky_ex(a.covariance)
    if failed:
        values, vectors = torch.linalg.eigh(a.covariance)
        positive = values > values[-1] * 1e-12
        lower = vectors[:, positive] * sqrt(values[positive])
    cross = sqrt(torch.linalg.eigvalsh(lower.T @ b.covariance @ lower).clamp_min(0)).sum()
    traces = a.covariance.trace() + b.covariance.trace()
    return ((a.mean - b.mean).square().sum() + traces - 2 * cross).item()


def _mean_and_scaled_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """The mean, and rows R of which R'R is the unbiased covariance."""
    mean = x.mean(0)
    return mean, (x - mean) / (len(x) - 1) ** 0.5
