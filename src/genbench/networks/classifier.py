"""A small classifier of the dataset, whose features and logits serve the metrics."""

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
        nn.Linear(in_channels * sizes[-1] ** 2, N_FEATURES),
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


class Classifier(nn.Module):
    """A convolutional classifier, trained like a model with one player.

    Parameters
    ----------
    network : cnn, or resnet, which is trained with augmentation (`augment`)
    """

    update_order = ("model",)
    averaged = ()
    decay_steps: int | None = None
    """The learning rate falls to 0 over so many steps; None: it stays."""

    def __init__(self, image_shape, classes: int, *, network: str, width: int, lr: float):
        super().__init__()
        self.lr = lr
        self.augments = network == "resnet"
        self.body = {"cnn": cnn, "resnet": resnet}[network](image_shape, width)
        self.head = nn.Linear(8 * width if network == "resnet" else N_FEATURES, classes)

    def players(self) -> dict[str, list[nn.Parameter]]:
        """All parameters, of the one player."""
        return {"model": list(self.parameters())}

    def optimizer(self, parameters: list[nn.Parameter]) -> Adam:
        """Adam with the standard betas."""
        return Adam(parameters, self.lr, betas=(0.9, 0.999), decay_steps=self.decay_steps)

    def after_update(self, player: str) -> None:
        """Nothing is constrained."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) in [-1, 1] to features (N, D) and logits (N, K)."""
        features = self.body(x)
        return features, self.head(F.dropout(features, 0.2, self.training))

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The mean cross-entropy in nats, and the accuracy."""
        if self.augments and self.training:
            x = augment(x)
        _, logits = self(x)
        accuracy = (logits.argmax(1) == y).float().mean()
        return {"loss": F.cross_entropy(logits, y), "accuracy": accuracy}


def load_classifier(path: Path, device: torch.device) -> Classifier:
    """Read a trained classifier, in eval mode."""
    stored = read(path)
    classifier = Classifier(**stored["build_args"])
    classifier.load_state_dict(stored["weights"])
    # torch has no stub for a memory format together with a device
    classifier.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return classifier.eval()


def perceptual_features(path: Path, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A trained and frozen classifier's features (N, D) of images in [-1, 1], for losses."""
    classifier = load_classifier(path, device).requires_grad_(False)
    return lambda x: classifier(x)[0]


@torch.no_grad()
def extract_features(
    classifier: Classifier, x: np.ndarray, batch_size: int = 500
) -> tuple[Tensor, Tensor]:
    """Features (N, D) and logits (N, K), float32 on the CPU, of images (N, C, H, W) uint8."""
    device = classifier.head.weight.device
    batches = torch.as_tensor(x).split(batch_size)
    outputs = [classifier(to_float(batch.to(device))) for batch in batches]
    features, logits = zip(*outputs, strict=True)
    return torch.cat(features).cpu(), torch.cat(logits).cpu()


def accuracy(logits: Tensor, y: np.ndarray) -> float:
    """Share of images whose largest logit, of (N, K), is that of their class (N,)."""
    return (logits.argmax(1).numpy() == y).mean().item()
