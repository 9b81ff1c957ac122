"""What lets torchmetrics compute FID, IS and KID from features that were extracted before."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class PrecomputedFeatures(nn.Module):
    """Stands in for the extractor: torchmetrics is given features instead of images."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features

    def forward(self, x: Tensor) -> Tensor:
        return x


@contextmanager
def isolated_randomness(seed: int) -> Iterator[None]:
    """Seed torch's global generator for the block, and restore it after.

    torchmetrics draws subsets and orders from it. Its warnings that it stores the features and
    that one split has no deviation are silenced: both are meant.
    """
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        for message in (".* will save all extracted features", r"std\(\): degrees of freedom"):
            warnings.filterwarnings("ignore", message=message)
        torch.manual_seed(seed)
        yield
