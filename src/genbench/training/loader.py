"""In which order the images are seen."""

import torch
from torch import Tensor

from ..utils.images import to_float
from ..utils.seeds import derive_seed


class InMemoryLoader:
    """Images and labels in memory, of which batches are drawn without end.

    The order is drawn anew for every pass over the data, from the seed and the number of the
    pass alone: how many images were `drawn` is all that has to be known to go on from there.

    Parameters
    ----------
    x : (N, C, H, W) uint8, on the device that trains
    y : (N,) int64
    size : images in a batch
    """

    def __init__(self, x: Tensor, y: Tensor, size: int, seed: int):
        self.x, self.y, self.size, self.seed = x, y, size, seed
        self.layout = torch.contiguous_format
        self.seek(0)

    def seek(self, drawn: int) -> None:
        """Go on as if `drawn` images had been drawn."""
        self.passes = drawn // len(self.x)
        self.order = self._next_pass()[drawn % len(self.x) :]

    def draw(self, batches: int) -> Tensor:
        """The numbers of the next images, (batches, size)."""
        n = batches * self.size
        if len(self.order) < n:
            more = -(-(n - len(self.order)) // len(self.x))
            self.order = torch.cat([self.order, *(self._next_pass() for _ in range(more))])
        drawn, self.order = self.order[:n], self.order[n:]
        return drawn.view(batches, self.size)

    def __getitem__(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Images in [-1, 1] (n, C, H, W) and labels (n,) of the given numbers."""
        return self.floats(self.x[numbers]), self.y[numbers]

    def floats(self, x: Tensor) -> Tensor:
        """uint8 images as the networks take them."""
        return to_float(x).contiguous(memory_format=self.layout)

    def _next_pass(self) -> Tensor:
        # drawn on the CPU: the same order on every device
        random = torch.Generator().manual_seed(derive_seed(self.seed, "pass", self.passes))
        self.passes += 1
        return torch.randperm(len(self.x), generator=random).to(self.x.device)
