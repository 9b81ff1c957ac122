"""DiffAugment by its definition: what each augmentation does to images of which it is plain."""

import numpy as np
import pytest
import torch

from genbench.networks.augment import augment

N, SIDE = 4000, 8


def test_no_augmentation_is_the_image_itself():
    x = torch.rand(3, 1, SIDE, SIDE)
    assert augment(x, []) is x


def test_color_of_gray_images_moves_their_mean_and_scales_their_contrast():
    torch.manual_seed(0)
    x = torch.zeros(N, 1, SIDE, SIDE)
    x[:, :, :4] = 0.5
    out = augment(x, ["color"])
    shift = out.mean((1, 2, 3)) - 0.25
    contrast = (out[:, 0, 0, 0] - out[:, 0, -1, 0]) / 0.5
    for values, low, high in ((shift, -0.5, 0.5), (contrast, 0.5, 1.5)):
        assert low <= values.min() < low + 0.01 and high - 0.01 < values.max() <= high + 1e-6
        assert values.mean().item() == pytest.approx((low + high) / 2, abs=0.02)
    assert abs(np.corrcoef(shift, contrast)[0, 1]) < 0.05


def test_saturation_scales_the_distance_from_gray_from_0_to_2():
    torch.manual_seed(0)
    x = torch.tensor([0.3, 0.0, -0.3]).view(1, 3, 1, 1).expand(N, 3, SIDE, SIDE)
    out = augment(x, ["color"])
    assert torch.allclose(out[:, 0] - out[:, 1], out[:, 1] - out[:, 2], atol=1e-6)
    scale = (out[:, 0, 0, 0] - out[:, 1, 0, 0]) / 0.3  # saturation times contrast
    assert (
        scale.min() < 0.02
        and 2.9 < scale.max() <= 3
        and scale.mean().item() == pytest.approx(1, abs=0.03)
    )


@pytest.mark.parametrize("side, reach", [(8, 1), (28, 4), (32, 4)])
def test_a_point_moves_by_whole_pixels_up_to_an_eighth_of_the_side_and_nothing_else(side, reach):
    torch.manual_seed(0)
    x = torch.zeros(N, 3, side, side)
    x[:, :, 10 % side, 5] = 1
    out = augment(x, ["translation"])
    assert (out.flatten(1).sum(1) == 3).all() and (out.amax((1, 2, 3)) == 1).all()
    places = out[:, 0].flatten(1).argmax(1)
    for moved in (places // side - 10 % side, places % side - 5):
        assert sorted(moved.unique().tolist()) == list(range(-reach, reach + 1))
        assert abs(moved.float().mean().item()) < 0.2


def test_what_moves_in_is_zero():
    torch.manual_seed(0)
    out = augment(torch.ones(N, 1, SIDE, SIDE), ["translation"])
    counts = (out == 0).flatten(1).sum(1).unique()
    assert set(counts.tolist()) == {0, 8, 15}  # no edge, one, two with a corner in common


def test_a_square_of_half_the_side_is_cut_out_anywhere_also_beyond_the_border():
    torch.manual_seed(0)
    out = augment(torch.ones(N, 2, SIDE, SIDE), ["cutout"])
    assert torch.equal(out[:, 0], out[:, 1])
    area = (out[:, 0] == 0).flatten(1).sum(1)
    assert area.max() == 16 and area.min() == 4  # a corner of it is left
    share = (out[:, 0] == 0).float().mean(0)
    assert share.min() > 0.1 and torch.allclose(share, share.flip(0), atol=0.05)


@pytest.mark.parametrize("policy", [["color"], ["translation"], ["cutout"]])
def test_gradients_reach_the_images(policy):
    torch.manual_seed(0)
    x = torch.rand(20, 3, SIDE, SIDE, requires_grad=True)
    augment(x, policy).square().sum().backward()
    assert (x.grad.flatten(1).abs().sum(1) > 0).all()
