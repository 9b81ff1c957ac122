"""FID, IS and KID of features and logits, as torchmetrics computes them, and of resamples."""

import warnings
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class PrecomputedFeatures(nn.Module):
    """Stands in for the extractor: what torchmetrics is given are features already."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features

    def forward(self, x: Tensor) -> Tensor:
        return x


@contextmanager
def isolated_randomness(seed: int):
    # torchmetrics draws subsets and orders from the global generator, and warns that it keeps
    # the features and that one split has no deviation: as it was asked to do
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        for message in (".* will save all extracted features", r"std\(\): degrees of freedom"):
            warnings.filterwarnings("ignore", message=message)
        torch.manual_seed(seed)
        yield
