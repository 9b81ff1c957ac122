"""Convolutional encoders and decoders for square images of 8 to 64 pixels, 1 or 3 channels."""

from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from .linear import Linear


def downsampling_sizes(size: int) -> list[int]:
    """Sizes from `size` down, halved (rounded up) until 4 or below, at least twice: 28, 14, 7, 4.

    4x4 is where the generator of Radford et al. 2016 starts.
    """
    sizes = [size]
    while sizes[-1] > 4 or len(sizes) < 3:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


class CropToSize(nn.Module):
    """Keeps the top left size x size pixels: doubling overshoots an odd size by one."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return x[..., : self.size, : self.size]


class Encoder(nn.Sequential):
    """The discriminator of Radford et al. 2016: 4x4 convolutions of stride 2, LeakyReLU 0.2.

    Images (N, C, H, W) to (N, out_features) by a last linear layer. Channels are width, 2 width,
    4 width, ... up to the resolution of 4x4.

    Parameters
    ----------
    out_features : None: no linear layer; the output is its input, (N, n_features)
    norm : "batch": batch normalization everywhere but in the first layer (Radford et al. 2016,
        arXiv:1511.06434); "spectral": spectral normalization of every layer (Miyato et al. 2018,
        arXiv:1802.05957)
    """

    def __init__(
        self,
        image_shape,
        out_features: int | None,
        width: int,
        *,
        norm: Literal["batch", "spectral"] | None,
    ):
        channels, size, _ = image_shape
        spectral = spectral_norm if norm == "spectral" else lambda layer: layer
        sizes = downsampling_sizes(size)
        layers: list[nn.Module] = []
        for i in range(len(sizes) - 1):
            out_channels = width * 2**i
            batch_norm = norm == "batch" and i > 0
            layers += [nn.ZeroPad2d((0, 1, 0, 1))] * (sizes[i] % 2)  # keeps an odd size's last row
            layers += [spectral(nn.Conv2d(channels, out_channels, 4, 2, 1, bias=not batch_norm))]
            layers += [nn.BatchNorm2d(out_channels)] * batch_norm
            layers += [nn.LeakyReLU(0.2)]
            channels = out_channels
        layers += [nn.Flatten()]
        n_features = channels * sizes[-1] ** 2
        if out_features is not None:
            layers += [spectral(Linear(n_features, out_features))]
        super().__init__(*layers)
        self.n_features = n_features


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalization whose scales and shifts are those of the image's class.

    Source: Dumoulin et al. 2017, arXiv:1610.07629; for GANs Miyato & Koyama 2018,
    arXiv:1802.05637.
    """

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Embedding(classes, channels)
        self.shift = nn.Embedding(classes, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        scale = self.scale(y)[..., None, None]
        shift = self.shift(y)[..., None, None]
        return self.norm(x) * scale + shift


class Decoder(nn.Sequential):
    """The generator of Radford et al. 2016 (arXiv:1511.06434): `Encoder` in reverse.

    Latents (N, latent_dim) to images (N, C, H, W) in [-1, 1]: a linear layer to 4x4, transposed
    convolutions with batch normalization and ReLU, a tanh. With `classes`, the normalization is
    conditional on labels (N,).
    """

    def __init__(self, latent_dim: int, image_shape, width: int, *, classes: int | None = None):
        channels, size, _ = image_shape
        sizes = downsampling_sizes(size)[::-1]
        widths = [width * 2**i for i in range(len(sizes) - 1)][::-1]
        layers: list[nn.Module] = [
            Linear(latent_dim, widths[0] * sizes[0] ** 2, bias=False),
            nn.Unflatten(1, (widths[0], sizes[0], sizes[0])),
        ]
        for before, after, side in zip(widths, [*widths[1:], channels], sizes[1:], strict=True):
            norm = ConditionalBatchNorm2d(before, classes) if classes else nn.BatchNorm2d(before)
            bias = side == size  # of the last layer, which no batch normalization follows
            layers += [norm, nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias)]
            layers += [CropToSize(side)] * (side % 2)
        super().__init__(*layers, nn.Tanh())

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        for layer in self:
            x = layer(x, y) if isinstance(layer, ConditionalBatchNorm2d) else layer(x)
        return x


def initialize_dcgan(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), batch-norm scales from N(1, 0.02) (Radford et al. 2016)."""
    for m in module.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(m.weight, 0, 0.02)
        elif isinstance(m, nn.BatchNorm2d) and m.affine:
            nn.init.normal_(m.weight, 1, 0.02)


def initialize_glorot(module: nn.Module) -> None:
    """Draw weights uniformly with variance 2 / (fan in + fan out) (Glorot & Bengio 2010).

    Biases are 0.
    """
    for m in module.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(m.weight)
            if m.bias is not None:
                nn.init.zeros_(m.bias)


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers (N, sizes[0]) to (N, sizes[-1]) with LeakyReLU 0.2 between them."""
    layers = []
    for before, after in zip(sizes, sizes[1:], strict=False):
        layers += [Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])
