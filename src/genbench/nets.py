"""Encoders and decoders for square images of any size from 8 to 64, 1 or 3 channels."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm


def halvings(size: int) -> list[int]:
    """Sizes from `size` down, halved (rounded up) until 4 or below, at least twice: 28, 14, 7, 4.

    4x4 is where the generator of Radford et al. 2016 starts.
    """
    sizes = [size]
    while sizes[-1] > 4 or len(sizes) < 3:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


class Crop(nn.Module):
    """Keeps the top left size x size pixels, where doubling overshot an odd size."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return x[..., : self.size, : self.size]


class Encoder(nn.Sequential):
    """Images (N, C, H, W) to (N, out): strided convolutions 4x4, LeakyReLU 0.2, a linear layer.

    Channels are width, 2 width, 4 width, ... `norm`: "batch" for batch normalisation everywhere
    but in the first layer (Radford et al. 2016, arXiv:1511.06434); "spectral" for spectral
    normalisation of every layer (Miyato et al. 2018, arXiv:1802.05957). `out` None: no linear
    layer, but the `features` numbers that it would take.
    """

    def __init__(
        self,
        image_shape,
        out: int | None,
        width: int,
        *,
        norm: Literal["batch", "spectral"] | None,
    ):
        channels, size, _ = image_shape
        spectral = spectral_norm if norm == "spectral" else lambda layer: layer
        layers, sizes = [], halvings(size)
        for i in range(len(sizes) - 1):
            after = width * 2**i
            batch_norm = norm == "batch" and i > 0
            layers += [nn.ZeroPad2d((0, 1, 0, 1))] * (sizes[i] % 2)  # keeps an odd size's last row
            layers += [spectral(nn.Conv2d(channels, after, 4, 2, 1, bias=not batch_norm))]
            layers += [nn.BatchNorm2d(after)] * batch_norm + [nn.LeakyReLU(0.2)]
            channels = after
        layers += [nn.Flatten()]
        features = channels * sizes[-1] ** 2
        if out is not None:
            layers += [spectral(nn.Linear(features, out))]
        super().__init__(*layers)
        self.features = features


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose scales and shifts are those of the image's class.

    Source: Dumoulin et al. 2017, arXiv:1610.07629; for GANs Miyato & Koyama 2018.
    """

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale, self.shift = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        scale, shift = self.scale(y), self.shift(y)
        return self.norm(x) * scale[..., None, None] + shift[..., None, None]


class Decoder(nn.Sequential):
    """Latents (N, latent_dim) to images in [-1, 1]: Encoder in reverse, with ReLU and tanh.

    With `classes`, the batch normalisation is conditional on labels (N,).
    """

    def __init__(self, latent_dim: int, image_shape, width: int, *, classes: int | None = None):
        channels, size, _ = image_shape
        sizes = halvings(size)[::-1]
        widths = [width * 2**i for i in range(len(sizes) - 1)][::-1]
        first = widths[0] * sizes[0] ** 2
        layers = [nn.Linear(latent_dim, first, bias=False)]
        layers += [nn.Unflatten(1, (widths[0], sizes[0], sizes[0]))]
        for before, after, to in zip(widths, [*widths[1:], channels], sizes[1:], strict=True):
            norm = ConditionalBatchNorm2d(before, classes) if classes else nn.BatchNorm2d(before)
            up = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=to == size)
            layers += [norm, nn.ReLU(), up] + [Crop(to)] * (to % 2)
        super().__init__(*layers, nn.Tanh())

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        for layer in self:
            x = layer(x, y) if isinstance(layer, ConditionalBatchNorm2d) else layer(x)
        return x


def initialise_dcgan(module: nn.Module) -> None:
    """Weights from N(0, 0.02), batch-norm scales from N(1, 0.02) (Radford et al. 2016)."""
    for m in module.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(m.weight, 0, 0.02)
        elif isinstance(m, nn.BatchNorm2d) and m.affine:
            nn.init.normal_(m.weight, 1, 0.02)


def initialise_glorot(module: nn.Module) -> None:
    """Weights uniform with variance 2 / (fan in + fan out), biases 0 (Glorot & Bengio 2010)."""
    for m in module.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(m.weight)
            nn.init.zeros_(m.bias)


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers with LeakyReLU 0.2 between them."""
    layers = []
    for before, after in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def vae_encoder(image_shape, out: int, width: int) -> nn.Sequential:
    """Images to (N, out): conv 3x3 stride 2 with width and 2 width channels, dense 128, ReLU."""
    channels, size, _ = image_shape
    quarter = -(-size // 4)
    return nn.Sequential(
        *(nn.Conv2d(channels, width, 3, 2, 1), nn.ReLU()),
        *(nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(2 * width * quarter**2, 128), nn.ReLU()),
        nn.Linear(128, out),
    )


def vae_decoder(latent_dim: int, image_shape, width: int) -> nn.Sequential:
    """Latents to logits or means (N, C, H, W), unbounded: dense, transposed convs 3x3, stride 2.

    Dense to H/4 x W/4 x 2 width, then 2 width, width and C channels, ReLU between.
    """
    channels, size, _ = image_shape
    quarter = -(-size // 4)
    return nn.Sequential(
        *(nn.Linear(latent_dim, 2 * width * quarter**2), nn.ReLU()),
        nn.Unflatten(1, (2 * width, quarter, quarter)),
        *(nn.ConvTranspose2d(2 * width, 2 * width, 3, 2, 1, 1), nn.ReLU()),
        *(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1), nn.ReLU()),
        nn.ConvTranspose2d(width, channels, 3, 1, 1),
        Crop(size),
    )


class Residual(nn.Module):
    """x + two 3x3 convolutions of it, each after a ReLU (He et al. 2016, arXiv:1603.05027).

    The second starts at 0, so a deep stack starts as the identity and needs no normalisation
    (De & Smith 2020, arXiv:2002.10444).
    """

    def __init__(self, channels: int):
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, 1, 1) for _ in range(2))
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))


def residual_encoder(image_shape, out: int, width: int, blocks: int) -> nn.Sequential:
    """Images to (N, out): twice a conv 4x4 stride 2 and `blocks` Residual, then dense 128, ReLU.

    Channels are width and 2 width.
    """
    channels, size, _ = image_shape
    layers = []
    for side, before, after in ((size, channels, width), (-(-size // 2), width, 2 * width)):
        layers += [nn.ZeroPad2d((0, 1, 0, 1))] * (side % 2) + [nn.Conv2d(before, after, 4, 2, 1)]
        layers += [Residual(after) for _ in range(blocks)]
    dense = nn.Linear(2 * width * (-(-size // 4)) ** 2, 128)
    return nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), dense, nn.ReLU(), nn.Linear(128, out))


def residual_decoder(latent_dim: int, image_shape, width: int, blocks: int) -> nn.Sequential:
    """Latents to logits or means (N, C, H, W), unbounded: residual_encoder in reverse."""
    channels, size, _ = image_shape
    quarter = -(-size // 4)
    layers = [nn.Linear(latent_dim, 128), nn.ReLU(), nn.Linear(128, 2 * width * quarter**2)]
    layers += [nn.Unflatten(1, (2 * width, quarter, quarter))]
    for before, after in ((2 * width, width), (width, channels)):
        layers += [Residual(before) for _ in range(blocks)]
        layers += [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1)]
    return nn.Sequential(*layers, Crop(size))
