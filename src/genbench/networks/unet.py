"""A small U-Net that is told a time, as of diffusion models (Ho et al. 2020, arXiv:2006.11239)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .linear import Linear

GROUPS = 4
"""Of channels that are normalized together; every width is a multiple."""


class TimedBlock(nn.Module):
    """x + two 3x3 convolutions of it, normalized by group and shifted by a code of the time.

    The second starts at 0, so that the block starts as the identity.
    """

    def __init__(self, before: int, after: int, code: int):
        super().__init__()
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        self.first_norm = nn.GroupNorm(GROUPS, before)
        self.first = nn.Conv2d(before, after, 3, 1, 1)
        self.shift = Linear(code, after)
        self.second_norm = nn.GroupNorm(GROUPS, after)
        self.second = nn.Conv2d(after, after, 3, 1, 1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        h = self.first(F.silu(self.first_norm(x))) + self.shift(code)[..., None, None]
        return self.skip(x) + self.second(F.silu(self.second_norm(h)))


class UNet(nn.Module):
    """Images (N, C, H, W) and times (N,) in [0, 1] to a field (N, C, H, W), unbounded.

    Three resolutions with `width`, 2 and 2 times `width` channels. From 16 pixels on, patches of
    2x2 pixels are the channels of the first one, which takes a quarter of the time.
    """

    def __init__(self, image_shape, width: int):
        super().__init__()
        channels, self.size, _ = image_shape
        self.patch = 2 if self.size >= 16 else 1
        self.width = -(-width // GROUPS) * GROUPS
        near, far, code = self.width, 2 * self.width, 4 * self.width
        pixels = channels * self.patch**2
        self.time = nn.Sequential(
            Linear(self.width, code), nn.SiLU(), Linear(code, code), nn.SiLU()
        )
        self.enter = nn.Conv2d(pixels, near, 3, 1, 1)
        self.down = nn.ModuleList(
            [TimedBlock(near, near, code), TimedBlock(near, far, code), TimedBlock(far, far, code)]
        )
        self.middle = TimedBlock(far, far, code)
        self.up = nn.ModuleList(
            [
                TimedBlock(2 * far, far, code),
                TimedBlock(2 * far, near, code),
                TimedBlock(2 * near, near, code),
            ]
        )
        self.leave = nn.Sequential(
            nn.GroupNorm(GROUPS, near), nn.SiLU(), nn.Conv2d(near, pixels, 3, 1, 1)
        )

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h, code, skips = self._descend(x, time)
        for block, skip in zip(self.up, reversed(skips), strict=True):
            h = F.interpolate(h, skip.shape[2:], mode="nearest") if h.shape != skip.shape else h
            h = block(torch.cat([h, skip], 1), code)
        h = self.leave(h)
        h = F.pixel_shuffle(h, self.patch)
        return h[..., : self.size, : self.size]

    def features(self, x: Tensor, time: Tensor) -> Tensor:
        """The innermost state (N, D) for images at a time."""
        return self._descend(x, time)[0].flatten(1)

    def _descend(self, x: Tensor, time: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """The innermost state, the code of the time, and the state of each resolution."""
        margin = -self.size % (4 * self.patch)
        h = self.enter(F.pixel_unshuffle(F.pad(x, (0, margin, 0, margin)), self.patch))
        code = self.time(self._waves(time))
        skips = []
        for i, block in enumerate(self.down):
            h = block(F.avg_pool2d(h, 2) if i else h, code)
            skips.append(h)
        return self.middle(h, code), code, skips

    def _waves(self, time: Tensor) -> Tensor:
        """Sines and cosines (N, width) of the time at frequencies from 1 to 1,000."""
        n = self.width // 2
        exponents = torch.arange(n, device=time.device) / max(n - 1, 1)
        angles = time[:, None] * (math.log(1000) * exponents).exp()
        return torch.cat([angles.sin(), angles.cos()], 1)
