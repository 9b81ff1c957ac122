"""Encoders and decoders of the VAEs."""

from torch import Tensor, nn
from torch.nn import functional as F

from .conv import CropToSize
from .linear import Linear


def vae_encoder(image_shape, out_features: int, width: int) -> nn.Sequential:
    """Images (N, C, H, W) to (N, out_features): two 3x3 convolutions of stride 2, dense 128, ReLU.

    The convolutions have width and 2 width channels.
    """
    channels, size, _ = image_shape
    quarter = -(-size // 4)
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        Linear(2 * width * quarter**2, 128),
        nn.ReLU(),
        Linear(128, out_features),
    )


def vae_decoder(latent_dim: int, image_shape, width: int) -> nn.Sequential:
    """Latents (N, latent_dim) to logits or means (N, C, H, W), unbounded.

    Dense to H/4 x W/4 x 2 width, then transposed 3x3 convolutions to 2 width, width and C
    channels, the first two of stride 2; ReLU between.
    """
    channels, size, _ = image_shape
    quarter = -(-size // 4)
    return nn.Sequential(
        Linear(latent_dim, 2 * width * quarter**2),
        nn.ReLU(),
        nn.Unflatten(1, (2 * width, quarter, quarter)),
        nn.ConvTranspose2d(2 * width, 2 * width, 3, 2, 1, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(width, channels, 3, 1, 1),
        CropToSize(size),
    )


class PreActivationBlock(nn.Module):
    """x + two 3x3 convolutions of it, each after a ReLU (He et al. 2016, arXiv:1603.05027).

    The second starts at 0, so a deep stack starts as the identity and needs no normalization
    (De & Smith 2020, arXiv:2002.10444).
    """

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, 1, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))


def residual_encoder(image_shape, out_features: int, width: int, blocks: int) -> nn.Sequential:
    """Images (N, C, H, W) to (N, out_features) by residual blocks at two resolutions.

    Twice a 4x4 convolution of stride 2, to width and 2 width channels, and `blocks` blocks; then
    dense 128, ReLU.
    """
    channels, size, _ = image_shape
    layers: list[nn.Module] = []
    for side, before, after in ((size, channels, width), (-(-size // 2), width, 2 * width)):
        layers += [nn.ZeroPad2d((0, 1, 0, 1))] * (side % 2)
        layers += [nn.Conv2d(before, after, 4, 2, 1)]
        layers += [PreActivationBlock(after) for _ in range(blocks)]
    return nn.Sequential(
        *layers,
        nn.ReLU(),
        nn.Flatten(),
        Linear(2 * width * (-(-size // 4)) ** 2, 128),
        nn.ReLU(),
        Linear(128, out_features),
    )


def residual_decoder(latent_dim: int, image_shape, width: int, blocks: int) -> nn.Sequential:
    """Latents (N, latent_dim) to unbounded logits or means (N, C, H, W): the encoder in reverse."""
    channels, size, _ = image_shape
    quarter = -(-size // 4)
    layers: list[nn.Module] = [
        Linear(latent_dim, 128),
        nn.ReLU(),
        Linear(128, 2 * width * quarter**2),
        nn.Unflatten(1, (2 * width, quarter, quarter)),
    ]
    for before, after in ((2 * width, width), (width, channels)):
        layers += [PreActivationBlock(before) for _ in range(blocks)]
        layers += [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1)]
    return nn.Sequential(*layers, CropToSize(size))
