"""PSNR and SSIM of reconstructions: exact ones, one beside others, and by definition."""

import math

import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from genbench.latent.reconstruction import reconstruction_metrics


@pytest.mark.parametrize("channels, size", [(1, 8), (1, 28), (3, 32)])
def test_metrics_are_exact_for_equal_images_and_of_one_image_whatever_is_beside_it(channels, size):
    x = torch.randint(0, 256, (5, channels, size, size), dtype=torch.uint8)
    same = reconstruction_metrics(x, x.clone())
    assert same["psnr"].tolist() == [100] * 5
    torch.testing.assert_close(same["ssim"], torch.ones(5))
    made = (x.float() * 0.8 + 20).byte()
    together = reconstruction_metrics(x, made)
    alone = [reconstruction_metrics(x[i : i + 1], made[i : i + 1]) for i in range(5)]
    for k, v in together.items():
        torch.testing.assert_close(torch.cat([a[k] for a in alone]), v)


def test_psnr_is_its_definition_and_ssim_of_flat_images_the_term_of_their_means():
    x, made = (torch.full((1, 1, 28, 28), v, dtype=torch.uint8) for v in (100, 120))
    found = reconstruction_metrics(x, made)
    assert found["psnr"].item() == pytest.approx(10 * math.log10(255**2 / 400), rel=1e-5)
    c = (0.01 * 255) ** 2
    want = (2 * 100 * 120 + c) / (100**2 + 120**2 + c)
    assert found["ssim"].item() == pytest.approx(want, rel=5e-4)  # its variances cancel


@pytest.mark.parametrize("size, window", [(8, 5), (15, 5), (16, 11), (28, 11)])
def test_ssim_has_a_gaussian_window_that_fits_the_image(size, window):
    torch.manual_seed(0)
    x = torch.randint(0, 256, (3, 1, size, size), dtype=torch.uint8)
    made = (x.float() * 0.6 + 40).byte()
    want = structural_similarity_index_measure(
        made.float(),
        x.float(),
        gaussian_kernel=True,
        sigma={5: 0.5, 11: 1.5}[window],
        reduction="none",
        data_range=255.0,
    )
    torch.testing.assert_close(reconstruction_metrics(x, made)["ssim"], want)
