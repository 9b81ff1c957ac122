"""Linear layers by oneDNN: MKL takes twice as long if it must compute alike everywhere."""

import torch
from torch import Tensor, nn

from ..utils.distances import USES_ONEDNN, product

LARGE = 20_000
"""Weights from which on oneDNN is worth what its call costs."""


class Linear(nn.Linear):
    """torch's layer: x (N, D) to x W' + b (N, E), to the same rounding on every processor."""

    def forward(self, x: Tensor) -> Tensor:
        """Of float32 on a CPU by oneDNN, if the layer is large; else as torch does."""
        is_large = USES_ONEDNN and self.weight.numel() >= LARGE
        is_plain = x.is_cpu and x.dtype == torch.float32 and x.ndim == 2
        if not (is_large and is_plain) or torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        product = _Product.apply(x, self.weight)
        return product if self.bias is None else product + self.bias


class _Product(torch.autograd.Function):
    """x W' of x (N, D) and W (E, D), and its gradients of any order."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x, weight)
        return product(x, weight)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        return _Product.apply(gradient, weight.T), _Product.apply(gradient.T, x.T)
