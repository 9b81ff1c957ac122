"""The extractor: a small classifier of the dataset, whose features and logits serve the metrics."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .checkpoint import read
from .images import to_unit
from .nets import halvings
from .optimizers import Adam

FEATURES = 128


class Classifier(nn.Module):
    """A convolutional classifier, trained as a game with one player.

    A 3x3 convolution, then one of stride 2 per halving of the size, each with batch norm and
    ReLU; dense to FEATURES, ReLU: these are the features; dense to the K logits.
    """

    turns = ("model",)
    averaged = ()

    def __init__(self, image_shape, classes: int, *, width: int, lr: float):
        super().__init__()
        before, size, _ = image_shape
        layers, self.lr = [], lr
        for i, side in enumerate(sizes := halvings(size)):
            after = width * 2 ** min(i, 2)
            layers += [nn.Conv2d(before, after, 3, 1 if side == size else 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        dense = nn.Linear(before * sizes[-1] ** 2, FEATURES)
        self.body = nn.Sequential(*layers, nn.Flatten(), dense, nn.ReLU())
        self.head = nn.Linear(FEATURES, classes)

    def players(self):
        return {"model": list(self.parameters())}

    def optimizer(self, parameters):
        return Adam(parameters, self.lr, betas=(0.9, 0.999))

    def after_update(self, player: str) -> None:
        """Nothing is constrained."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) in [-1, 1] to features (N, D) and logits (N, K)."""
        features = self.body(x)
        return features, self.head(F.dropout(features, 0.2, self.training))

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self(x)[1]
        accuracy = (logits.argmax(1) == y).float().mean()
        return {"loss": F.cross_entropy(logits, y), "accuracy": accuracy}


def load(path: Path, device: torch.device) -> Classifier:
    """Read a trained classifier, in eval mode."""
    stored = read(path)
    classifier = Classifier(**stored["how"])
    classifier.load_state_dict(stored["weights"])
    return classifier.to(device).eval()


def perception(path: Path, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A trained classifier's features (N, D) of images in [-1, 1], for losses: it stays fixed."""
    classifier = load(path, device).requires_grad_(False)
    return lambda x: classifier(x)[0]


@torch.no_grad()
def extract(classifier: Classifier, x: np.ndarray, batch_size: int = 500) -> tuple[Tensor, Tensor]:
    """Features (N, D) and logits (N, K), float32 on the CPU, of images (N, C, H, W) uint8."""
    device = classifier.head.weight.device
    batches = torch.as_tensor(x).split(batch_size)
    parts = [classifier(to_unit(batch.to(device))) for batch in batches]
    features, logits = (torch.cat(p).cpu() for p in zip(*parts, strict=True))
    return features, logits


def accuracy(logits: Tensor, y: np.ndarray) -> float:
    """Share of images (N,) whose largest logit is that of their class."""
    return (logits.argmax(1).numpy() == y).mean().item()
