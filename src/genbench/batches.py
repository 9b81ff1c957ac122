"""In which order the images are seen."""

import torch
from torch import Tensor

from .images import to_unit
from .seeds import derive


class Batches:
    """Endless batches of images in [-1, 1] (size, C, H, W) and labels (size,).

    The order is drawn anew for every pass over the data, from the seed and the number of the
    pass alone: how many images were `drawn` is all that has to be known to go on from there.

    Parameters
    ----------
    x : (N, C, H, W) uint8, on the device that trains
    y : (N,) int64
    """

    def __init__(self, x: Tensor, y: Tensor, size: int, seed: int):
        self.x, self.y, self.size, self.seed = x, y, size, seed
        self.layout = torch.contiguous_format
        self.seek(0)

    def seek(self, drawn: int) -> None:
        """Go on as if `drawn` images had been handed out."""
        self.drawn, self.passes = drawn, drawn // len(self.x)
        self.order = self._next_pass()[drawn % len(self.x) :]

    def __next__(self) -> tuple[Tensor, Tensor]:
        if len(self.order) < self.size:
            more = -(-(self.size - len(self.order)) // len(self.x))
            self.order = torch.cat([self.order, *(self._next_pass() for _ in range(more))])
        batch, self.order = self.order[: self.size], self.order[self.size :]
        self.drawn += self.size
        return to_unit(self.x[batch]).contiguous(memory_format=self.layout), self.y[batch]

    def _next_pass(self) -> Tensor:
        # drawn on the CPU: the same order on every device
        random = torch.Generator().manual_seed(derive(self.seed, "pass", self.passes))
        self.passes += 1
        return torch.randperm(len(self.x), generator=random).to(self.x.device)
