"""The extractor: a small classifier of the dataset, whose features and logits serve the metrics."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..utils.images import to_float
from .checkpoint import read
from .conv import downsampling_sizes
from .optimizers import Adam

FEATURES = 128


def _convolution(before: int, after: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())


class Residual(nn.Module):
    """x + two convolutions of it."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            _convolution(channels, channels), _convolution(channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def cnn(image_shape, width: int) -> nn.Sequential:
    """A 3x3 convolution, then one of stride 2 per halving of the size; dense to FEATURES, ReLU."""
    before, size, _ = image_shape
    layers = []
    for i, side in enumerate(sizes := downsampling_sizes(size)):
        after = width * 2 ** min(i, 2)
        layers += _convolution(before, after, 1 if side == size else 2)
        before = after
    dense = nn.Linear(before * sizes[-1] ** 2, FEATURES)
    return nn.Sequential(*layers, nn.Flatten(), dense, nn.ReLU())


def resnet(image_shape, width: int) -> nn.Sequential:
    """Nine layers, the first and last of three stages residual: 8 width features, mean-pooled.

    Source: the ResNet-9 of Page 2019, "How to train your ResNet", there with width 64.
    """
    w = width
    return nn.Sequential(
        _convolution(image_shape[0], w),
        _convolution(w, 2 * w),
        nn.MaxPool2d(2),
        Residual(2 * w),
        _convolution(2 * w, 4 * w),
        nn.MaxPool2d(2),
        _convolution(4 * w, 8 * w),
        nn.MaxPool2d(2),
        Residual(8 * w),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


def augmented(x: Tensor) -> Tensor:
    """Images (N, C, H, W), mirrored at random and moved by up to an eighth of their side."""
    n, _, size, _ = x.shape
    margin = size // 8
    padded = F.pad(x, (margin,) * 4, mode="reflect")
    top, left = torch.randint(0, 2 * margin + 1, (2, n, 1), device=x.device)
    steps = torch.arange(size, device=x.device)
    mirrored = torch.rand(n, 1, device=x.device) < 0.5
    rows, columns = steps + top, torch.where(mirrored, steps.flip(0), steps) + left
    images = torch.arange(n, device=x.device)[:, None, None]
    return padded[images, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


class Classifier(nn.Module):
    """A convolutional classifier, trained as a game with one player.

    Parameters
    ----------
    network : cnn, or resnet, which trains on images `augmented`
    """

    update_order = ("model",)
    averaged = ()
    steps: int | None = None
    """Of the training: the learning rate falls to 0 over them."""

    def __init__(self, image_shape, classes: int, *, network: str, width: int, lr: float):
        super().__init__()
        self.lr, self.augments = lr, network == "resnet"
        self.body = {"cnn": cnn, "resnet": resnet}[network](image_shape, width)
        self.head = nn.Linear(8 * width if network == "resnet" else FEATURES, classes)

    def players(self):
        return {"model": list(self.parameters())}

    def optimizer(self, parameters):
        return Adam(parameters, self.lr, betas=(0.9, 0.999), decay=self.steps)

    def after_update(self, player: str) -> None:
        """Nothing is constrained."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) in [-1, 1] to features (N, D) and logits (N, K)."""
        features = self.body(x)
        return features, self.head(F.dropout(features, 0.2, self.training))

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self(augmented(x) if self.augments and self.training else x)[1]
        accuracy = (logits.argmax(1) == y).float().mean()
        return {"loss": F.cross_entropy(logits, y), "accuracy": accuracy}


def load_classifier(path: Path, device: torch.device) -> Classifier:
    """Read a trained classifier, in eval mode."""
    stored = read(path)
    classifier = Classifier(**stored["how"])
    classifier.load_state_dict(stored["weights"])
    return classifier.to(device, memory_format=torch.channels_last).eval()


def perceptual_features(path: Path, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A trained classifier's features (N, D) of images in [-1, 1], for losses: it stays fixed."""
    classifier = load_classifier(path, device).requires_grad_(False)
    return lambda x: classifier(x)[0]


@torch.no_grad()
def extract_features(
    classifier: Classifier, x: np.ndarray, batch_size: int = 500
) -> tuple[Tensor, Tensor]:
    """Features (N, D) and logits (N, K), float32 on the CPU, of images (N, C, H, W) uint8."""
    device = classifier.head.weight.device
    batches = torch.as_tensor(x).split(batch_size)
    parts = [classifier(to_float(batch.to(device))) for batch in batches]
    features, logits = (torch.cat(p).cpu() for p in zip(*parts, strict=True))
    return features, logits


def accuracy(logits: Tensor, y: np.ndarray) -> float:
    """Share of images (N,) whose largest logit is that of their class."""
    return (logits.argmax(1).numpy() == y).mean().item()
