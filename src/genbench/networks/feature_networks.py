"""Networks from images to features, and how their training images are augmented."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .conv import downsampling_sizes
from .linear import Linear

N_FEATURES = 128


def _conv_block(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions of it, each with batch normalization and ReLU."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            _conv_block(channels, channels),
            _conv_block(channels, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def cnn(image_shape, width: int) -> nn.Sequential:
    """Images (N, C, H, W) to features (N, N_FEATURES): 3x3 convolutions and a dense layer, ReLU.

    The first convolution has stride 1, then one of stride 2 per halving of the size.
    """
    in_channels, size, _ = image_shape
    sizes = downsampling_sizes(size)
    layers: list[nn.Module] = []
    for i, side in enumerate(sizes):
        out_channels = width * 2 ** min(i, 2)
        layers += _conv_block(in_channels, out_channels, stride=1 if side == size else 2)
        in_channels = out_channels
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        Linear(in_channels * sizes[-1] ** 2, N_FEATURES),
        nn.ReLU(),
    )


def resnet(image_shape, width: int) -> nn.Sequential:
    """Images (N, C, H, W) to mean-pooled features (N, 8 width) by nine layers.

    The first and the last of three stages have a residual block.
    Source: the ResNet-9 of Page 2019, "How to train your ResNet", there with width 64.
    """
    w = width
    return nn.Sequential(
        _conv_block(image_shape[0], w),
        _conv_block(w, 2 * w),
        nn.MaxPool2d(2),
        ResidualBlock(2 * w),
        _conv_block(2 * w, 4 * w),
        nn.MaxPool2d(2),
        _conv_block(4 * w, 8 * w),
        nn.MaxPool2d(2),
        ResidualBlock(8 * w),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


def augment(x: Tensor) -> Tensor:
    """Flip images (N, C, H, W) at random and shift them by up to an eighth of their side."""
    n, _, size, _ = x.shape
    margin = size // 8
    padded = F.pad(x, (margin,) * 4, mode="reflect")
    top, left = torch.randint(0, 2 * margin + 1, (2, n, 1), device=x.device)
    pixels = torch.arange(size, device=x.device)
    flip = torch.rand(n, 1, device=x.device) < 0.5
    rows = pixels + top
    columns = torch.where(flip, pixels.flip(0), pixels) + left
    images = torch.arange(n, device=x.device)[:, None, None]
    return padded[images, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def random_view(x: Tensor, *, flip: bool) -> Tensor:
    """A part of each image (N, C, H, H) in [-1, 1], at its size, with another contrast and color.

    The part is a square of 0.6 to 1 times the side, and mirrored in half of the cases if `flip`.
    Each channel is multiplied by 0.6 to 1.4, and -0.2 to 0.2 are added.
    """
    n, channels, size, _ = x.shape

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(n, *shape, device=x.device) * (high - low) + low

    def resample(scale: Tensor) -> Tensor:
        """Weights (N, size, size) of pixels in those of a part, by linear interpolation."""
        pixels = torch.arange(size, device=x.device)
        centers = (2 * pixels + 1) / size - 1
        places = scale * centers + uniform(-1, 1, 1) * (1 - scale.abs())
        places = (((places + 1) * size - 1) / 2).clamp(0, size - 1)
        return (1 - (places[:, :, None] - pixels).abs()).clamp_min(0)

    scale = uniform(0.6, 1, 1)
    mirror = torch.where(uniform(0, 1, 1) < 0.5, -1.0, 1.0) if flip else 1.0
    part = resample(scale)[:, None] @ x @ resample(scale * mirror)[:, None].mT
    return part * uniform(0.6, 1.4, channels, 1, 1) + uniform(-0.2, 0.2, channels, 1, 1)
