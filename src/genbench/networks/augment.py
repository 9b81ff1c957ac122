"""DiffAugment: differentiable augmentation for discriminators (Zhao et al. 2020, 2006.10738).

Every function takes images (N, C, H, W) in [-1, 1] and draws for each image anew. None mirrors
them: a mirrored 2 is no digit.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

TRANSLATION = 0.125
"""The furthest, as a share of the side."""
CUTOUT = 0.5
"""Side of the square, as a share of the image's."""


def augment(x: Tensor, policy: Sequence[str]) -> Tensor:
    """Images of the same shape, after each augmentation of the policy in turn.

    color : brightness by up to 0.5 to either side, saturation by 0 to 2, contrast by 0.5 to 1.5
    translation : by whole pixels, up to an eighth of the side to either side; 0 moves in
    cutout : a square of half the side, that may reach beyond the border, is 0

    Source: the paper's appendix B, and its code for ranges and order.
    """
    for name in policy:
        x = AUGMENTATIONS[name](x)
    return x


def _color(x: Tensor) -> Tensor:
    brightness, saturation, contrast = torch.rand(3, len(x), 1, 1, 1, device=x.device)
    x = x + brightness - 0.5
    gray = x.mean(1, keepdim=True)
    x = gray + (x - gray) * 2 * saturation
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (x - mean) * (contrast + 0.5)


def _translation(x: Tensor) -> Tensor:
    n, _, height, width = x.shape
    rows, columns = (_shifted(side, n, x.device) for side in (height, width))
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1))  # where what moves in comes from
    image = torch.arange(n, device=x.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None]]
    return moved.permute(0, 3, 1, 2)


def _shifted(side: int, n: int, device: torch.device) -> Tensor:
    """Where in an axis padded by one each place (n, side) of a moved image comes from."""
    reach = int(side * TRANSLATION + 0.5)
    shift = torch.randint(-reach, reach + 1, (n, 1), device=device)
    return (torch.arange(side, device=device) + shift + 1).clamp(0, side + 1)


def _cutout(x: Tensor) -> Tensor:
    n, _, height, width = x.shape
    inside = [_interval(side, n, x.device) for side in (height, width)]
    square = inside[0][:, :, None] & inside[1][:, None]
    return x.masked_fill(square[:, None], 0)


def _interval(side: int, n: int, device: torch.device) -> Tensor:
    """Which places (n, side) of an axis the square covers."""
    length = int(side * CUTOUT + 0.5)
    center = torch.randint(0, side + 1 - length % 2, (n, 1), device=device)
    place = torch.arange(side, device=device) - center + length // 2
    return (place >= 0) & (place < length)


AUGMENTATIONS = {"color": _color, "translation": _translation, "cutout": _cutout}
