"""Square roots and distances that are rounded alike on every processor.

PyTorch's `sqrt`, and with it its `cdist`, is computed by MKL, differently where there is AVX-512.
"""

from torch import Tensor


def sqrt(x: Tensor) -> Tensor:
    """The square root to 1 unit in the last place, by operations that do not use MKL."""
    return x.rsqrt().reciprocal()


def cdist(x: Tensor, others: Tensor) -> Tensor:
    """Euclidean distances (N, M) from each of x (N, D) to each of the others (M, D).

    |x|^2 - 2xy + |y|^2 in float64: in float32, of which torch.cdist makes it, a distance of 0 comes
    out as up to 0.001 |x|, and that of two points depends on where they stand among others.
    """
    x64, y64 = x.double(), others.double()
    squares = (x64 @ y64.mT).mul_(-2)
    squares += x64.square().sum(1, keepdim=True)
    squares += y64.square().sum(1)
    return sqrt(squares.clamp_min_(0)).to(x.dtype)
