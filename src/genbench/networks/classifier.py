"""A small network trained on the dataset, whose features and logits serve the metrics."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..utils.images import to_float
from . import checkpoint
from .feature_networks import N_FEATURES, augment, cnn, random_view, resnet
from .linear import Linear
from .optimizers import Adam

N_PROJECTED = 64
TEMPERATURE = 0.2


class Classifier(nn.Module):
    """A convolutional classifier, trained like a model with one player.

    Parameters
    ----------
    network : cnn, or resnet, which is trained with augmentation (`augment`)
    """

    views = 1
    """How often an image goes through the network for one step."""
    update_order = ("model",)
    averaged = ()
    decay_steps: int | None = None
    """The learning rate falls to 0 over so many steps; None: it stays."""

    def __init__(self, image_shape, classes: int, *, network: str, width: int, lr: float):
        super().__init__()
        self.lr = lr
        self.augments = network == "resnet"
        self.body = {"cnn": cnn, "resnet": resnet}[network](image_shape, width)
        self.head = Linear(8 * width if network == "resnet" else N_FEATURES, classes)

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


class ContrastiveNetwork(Classifier):
    """The networks of `Classifier`, trained without classes: `y` says which image each is.

    Source: SimCLR (Chen et al. 2020, arXiv:2002.05709), with a linear projection, and with views
    (`random_view`) that are as sharp and as noisy as the image: what a network is trained to
    overlook its features hardly measure.
    """

    views = 2

    def __init__(self, image_shape, classes: int, *, network: str, width: int, lr: float):
        super().__init__(image_shape, N_PROJECTED, network=network, width=width, lr=lr)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) in [-1, 1] to features (N, D) and logits (N, 1) of the only class."""
        features = self.body(x)
        return features, features.new_zeros(len(x), 1)

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The mean cross-entropy in nats of finding each view's other one; how often it is found.

        Views are compared by the cosine of their projections. Other views of the same image, which
        a batch that is larger than the dataset has, are left out.
        """
        views = torch.cat([random_view(x, flip=self.augments) for _ in range(self.views)])
        projected = F.normalize(self.head(self.body(views)), dim=1)
        rows = torch.arange(len(views), device=x.device)
        others = rows.roll(len(x))
        images = y.repeat(self.views)
        excluded = images[:, None] == images
        excluded[rows, others] = False
        similarities = (projected @ projected.T / TEMPERATURE).masked_fill(excluded, -torch.inf)
        accuracy = (similarities.argmax(1) == others).float().mean()
        return {"loss": F.cross_entropy(similarities, others), "accuracy": accuracy}


def build_classifier(image_shape, classes: int, **options) -> Classifier:
    """A classifier; of one class, which says nothing of images, a network that needs none."""
    kind = Classifier if classes > 1 else ContrastiveNetwork
    return kind(image_shape, classes, **options)


def load_classifier(path: Path, device: torch.device) -> Classifier:
    """Read a trained classifier, in eval mode."""
    classifier = checkpoint.load(path, build_classifier)
    # torch has no stub for a memory format together with a device
    classifier.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return classifier


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
