"""How much the images of a model vary, by the interface that all models share."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from scipy.stats import kstest

from genbench.models.base.interface import GenerativeModel


class Striped(GenerativeModel):
    """Generates images whose variation is known, and keeps what they are made from."""

    def __init__(self, images):
        super().__init__()
        self.images, self.latent_dim, self.made_from = images, 3, []

    def decode(self, z, y):
        self.made_from.append((z, y))
        return self.images

    def loss(self, player, x, y):
        raise NotImplementedError

    features = loss


def test_diversity_is_the_ratio_of_distances_within_generated_and_within_real_images():
    torch.manual_seed(0)
    shift = torch.arange(4.0).view(1, 1, 2, 2)  # a difference of pixels, not of images
    x, fake = 2 * torch.randn(50, 1, 2, 2) + shift, torch.randn(200, 1, 2, 2) + 5 * shift
    model, y = Striped(fake), torch.arange(50) % 7
    got = model.diagnose(x, y)["diversity"].item()
    near, far = (np.square(pdist(images.flatten(1))).mean() for images in (fake, x))
    assert got == pytest.approx((near / far) ** 0.5, rel=1e-5)
    ((z, labels),) = model.made_from
    assert torch.equal(labels, y.repeat(4))
    assert kstest(z.flatten(), "norm").pvalue > 0.01
