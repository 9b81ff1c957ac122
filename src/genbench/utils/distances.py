"""Square roots, products and distances that are rounded alike on every processor, without MKL.

PyTorch's `sqrt`, and with it its `cdist`, is computed by MKL, differently where there is AVX-512.
Where MKL must compute alike everywhere, its products take three times as long.
"""

import torch
from torch import Tensor

from .portable import is_pinned

USES_ONEDNN = is_pinned() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def sqrt(x: Tensor) -> Tensor:
    """The square root to 1 unit in the last place."""
    return x.rsqrt().reciprocal()


def product(x: Tensor, others: Tensor) -> Tensor:
    """x others' (N, M) of x (N, D) and others (M, D); of float32 on a CPU by oneDNN."""
    if USES_ONEDNN and x.is_cpu and x.dtype == torch.float32:
        return torch.ops.mkldnn._linear_pointwise(x, others, None, "none", [], "")
    return x @ others.mT


def cdist(x: Tensor, others: Tensor) -> Tensor:
    """Euclidean distances (N, M) from each of x (N, D) to each of the others (M, D).

    |x|^2 - 2xy + |y|^2, as torch.cdist makes it: a distance of 0 comes out as up to 0.001 |x|.
    """
    squares = product(x, others).mul_(-2)
    squares += x.square().sum(1, keepdim=True) + others.square().sum(1)
    return sqrt(squares.clamp_min_(0))
