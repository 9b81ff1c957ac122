"""Flow matching: images flow from noise along a learned field (Lipman et al., arXiv:2210.02747).

The paths are straight, as in rectified flow (Liu et al. 2023, arXiv:2209.03003).
"""

import math

import torch
from torch import Tensor

from ..networks.unet import UNet
from ..utils.choices import Few, Rate
from .base.interface import GenerativeModel

N_SCORED = 8
"""Times, evenly over the path, at which the field is compared for a score."""
COARSE = 2
"""Steps of the images that `diagnose` looks at, which is often."""


class Model(GenerativeModel):
    """A field v(x, t) whose flow takes noise at t = 0 to images at t = 1.

    A latent is the noise itself, C * H * W numbers whatever `model.latent_dim` is; an image's code
    is where the flow came from.

    Parameters
    ----------
    steps : of Heun's method through the flow, each with two evaluations of the field
    """

    averaged = ("field",)

    def __init__(self, image_shape, classes, *, latent_dim: int, width: int, lr: Rate, steps: Few):
        super().__init__()
        self.image_shape = image_shape
        self.latent_dim = math.prod(image_shape)
        self.lr = lr
        self.steps = steps
        self.field = UNet(image_shape, width)

    def errors(self, x: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Squared errors (N, C, H, W) of the field at a time (N,) between noise and images.

        Source: Lipman et al. 2023, equation 23, with sigma_min 0.
        """
        between = torch.lerp(noise, x, time[:, None, None, None])
        return (self.field(between, time) - (x - noise)).square()

    def loss(self, player: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        time = torch.rand(len(x), device=x.device)
        errors = self.errors(x, torch.randn_like(x), time)
        return {"loss": errors.flatten(1).sum(1).mean()}

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.flow(z.view(-1, *self.image_shape), 0, 1, self.steps).clamp(-1, 1)

    def encode(self, x: Tensor, y: Tensor) -> Tensor:
        return self.flow(x, 1, 0, self.steps).flatten(1)

    def flow(self, x: Tensor, start: float, end: float, steps: int) -> Tensor:
        """States (N, C, H, W) at the time `start` to those at `end`, by Heun's method."""
        step = (end - start) / steps
        for i in range(steps):
            before, after = (
                torch.full((len(x),), start + k * step, device=x.device) for k in (i, i + 1)
            )
            slope = self.field(x, before)
            x = x + step / 2 * (slope + self.field(x + step * slope, after))
        return x

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """flow_error: squared error of the field on the way from noise to the image, (N,).

        Summed over pixels, and the mean over N_SCORED times with noise that all images share.
        """
        return {"flow_error": self.mean_errors(x).flatten(1).sum(1)}

    def mean_errors(self, x: Tensor) -> Tensor:
        """Squared errors (N, C, H, W) as of `errors`, the mean over times."""
        random = torch.Generator().manual_seed(0)
        noise = torch.randn(N_SCORED, *self.image_shape, generator=random).to(x.device)
        total = torch.zeros_like(x)
        for i, each in enumerate(noise):
            time = torch.full((len(x),), (i + 0.5) / N_SCORED, device=x.device)
            total = total + self.errors(x, each.expand_as(x), time) / N_SCORED
        return total

    def error_map(self, x: Tensor, y: Tensor) -> Tensor:
        """The field's error: decode(encode(x)) is x, as the flow goes back the way it came."""
        return self.mean_errors(x).mean(1)

    def features(self, x: Tensor, y: Tensor) -> Tensor:
        """The field's innermost state at the end of the flow."""
        return self.field.features(x, torch.ones(len(x), device=x.device))

    def diagnose(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        steps, self.steps = self.steps, min(self.steps, COARSE)
        found = super().diagnose(x, y)
        self.steps = steps
        return found
