"""Encoders and decoders for square images of any size from 8 to 64, 1 or 3 channels."""

from torch import Tensor, nn


def halvings(size: int) -> list[int]:
    """Sizes from `size` down, halved (rounded up) until below 8, at least twice: 28, 14, 7."""
    sizes = [size]
    while sizes[-1] >= 8 or len(sizes) < 3:
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

    Channels are width, 2 width, 4 width, ... Batch normalisation, where asked for, everywhere
    but in the first layer (Radford et al. 2016, arXiv:1511.06434).
    """

    def __init__(self, image_shape, out: int, width: int, *, norm: bool):
        channels, size, _ = image_shape
        layers, sizes = [], halvings(size)
        for i in range(len(sizes) - 1):
            after = width * 2**i
            batch_norm = norm and i > 0
            layers += [nn.ZeroPad2d((0, 1, 0, 1))] * (sizes[i] % 2)  # keeps an odd size's last row
            layers += [nn.Conv2d(channels, after, 4, 2, 1, bias=not batch_norm)]
            layers += [nn.BatchNorm2d(after)] * batch_norm + [nn.LeakyReLU(0.2)]
            channels = after
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels * sizes[-1] ** 2, out))


class Decoder(nn.Sequential):
    """Latents (N, latent_dim) to images in [-1, 1]: Encoder in reverse, with ReLU and tanh."""

    def __init__(self, latent_dim: int, image_shape, width: int):
        channels, size, _ = image_shape
        sizes = halvings(size)[::-1]
        widths = [width * 2**i for i in range(len(sizes) - 1)][::-1]
        first = widths[0] * sizes[0] ** 2
        layers = [nn.Linear(latent_dim, first, bias=False)]
        layers += [nn.Unflatten(1, (widths[0], sizes[0], sizes[0]))]
        for before, after, to in zip(widths, [*widths[1:], channels], sizes[1:], strict=True):
            up = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=to == size)
            layers += [nn.BatchNorm2d(before), nn.ReLU(), up]
            layers += [Crop(to)] * (to % 2)
        super().__init__(*layers, nn.Tanh())


def initialise_dcgan(module: nn.Module) -> None:
    """Weights from N(0, 0.02), batch-norm scales from N(1, 0.02) (Radford et al. 2016)."""
    for m in module.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(m.weight, 0, 0.02)
        elif isinstance(m, nn.BatchNorm2d):
            nn.init.normal_(m.weight, 1, 0.02)


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
