"""In which order the images are seen."""

import torch
from torch import Tensor

from ..utils.images import to_float
from ..utils.seeds import derive_seed


class InMemoryLoader:
    """Images and labels in memory, of which batches are drawn without end.

    Every epoch is a permutation of all images, made from the seed and the number of the epoch
    alone: the number of images seen is all that it takes to resume. A batch may span two epochs.

    Parameters
    ----------
    x : (N, C, H, W) uint8, on the device that trains
    y : (N,) int64
    batch_size : images in a batch
    """

    def __init__(self, x: Tensor, y: Tensor, batch_size: int, seed: int):
        self.x = x
        self.y = y
        self.batch_size = batch_size
        self.seed = seed
        self.layout = torch.contiguous_format
        self.seek(0)

    def seek(self, images_seen: int) -> None:
        """Go on as if `images_seen` images had been drawn."""
        self.epoch = images_seen // len(self.x)
        self.indices = self._next_epoch()[images_seen % len(self.x) :]

    def next_indices(self, n_batches: int) -> Tensor:
        """The indices of the next images, (n_batches, batch_size)."""
        n = n_batches * self.batch_size
        if len(self.indices) < n:
            n_epochs = -(-(n - len(self.indices)) // len(self.x))
            self.indices = torch.cat([self.indices, *(self._next_epoch() for _ in range(n_epochs))])
        batches = self.indices[:n].view(n_batches, self.batch_size)
        self.indices = self.indices[n:]
        return batches

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Images in [-1, 1] (n, C, H, W) and labels (n,) at the given indices."""
        return self.to_float(self.x[indices]), self.y[indices]

    def to_float(self, x: Tensor) -> Tensor:
        """uint8 images as the networks take them: in [-1, 1], in their memory layout."""
        return to_float(x).contiguous(memory_format=self.layout)

    def _next_epoch(self) -> Tensor:
        # drawn on the CPU: the same order on every device
        random = torch.Generator().manual_seed(derive_seed(self.seed, "pass", self.epoch))
        self.epoch += 1
        return torch.randperm(len(self.x), generator=random).to(self.x.device)
