"""Where an anomaly is: by maps of which the truth is known."""

import numpy as np
import pytest
import torch
from torch import nn

from genbench.anomaly.by_model import error_maps
from genbench.anomaly.corruptions import corrupt, occlusion_mask
from genbench.anomaly.localization import localize, maps_figure, mean_image_maps
from genbench.anomaly.results import ImageSet

N, SIDE = 40, 8


def images(channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 100, (N, channels, SIDE, SIDE)).astype(np.uint8)


def sets(channels=1, severity=0.5):
    x = images(channels)
    occluded = corrupt(x, "occlusion", severity, np.random.default_rng(1))
    mask = occlusion_mask(x, severity, np.random.default_rng(1))
    spots = np.zeros((6, SIDE, SIDE), bool)
    spots[:, 2, 3] = True
    defective = np.where(spots[:, None], 255, images(channels, 2)[:6]).astype(np.uint8)
    return [
        ImageSet("val", "val", x),
        ImageSet("test", "test", x),
        ImageSet("corruption", "occlusion", occluded, mask),
        ImageSet("corruption", "inversion", 255 - x),
        ImageSet("defect", "spot", defective, spots),
        ImageSet("defect", "unknown", defective),
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_mask_of_occlusion_is_the_square_itself_and_changes_no_draw(channels):
    occluded, mask = next((s.x, s.mask) for s in sets(channels) if s.name == "occlusion")
    assert (mask.sum((1, 2)) == 16).all()
    assert np.array_equal(np.where(mask[:, None], 128, images(channels)), occluded)


def test_an_occlusion_of_everything_has_no_pixels_to_compare_with():
    found = localize(sets(severity=1.0), lambda x: x[:, 0].astype(float))
    assert [each.name for each in found] == ["spot", "all"]


def test_bright_spots_are_where_images_are_bright_and_test_images_count_as_normal():
    found = {(each.kind, each.name): each for each in localize(sets(), lambda x: x[:, 0] / 255)}
    assert found.keys() == {("corruption", "occlusion"), ("defect", "spot"), ("defects", "all")}
    assert all(each.auroc.value == 1 for each in found.values())  # 128 and 255 against at most 99
    assert [each.n for each in found.values()] == [N, N + 6, N + 6]


def test_a_random_map_has_one_half():
    random = np.random.default_rng(0)
    for each in localize(sets(), lambda x: random.random((len(x), SIDE, SIDE))):
        assert each.auroc.low < 0.5 < each.auroc.high


def test_all_maps_of_a_figure_have_the_scale_of_the_test_images():
    some = sets()
    some[1] = some[1]._replace(x=np.zeros_like(some[1].x))
    some[1].x[:, :, 0, 0] = 51  # one in 64 is above the quantile: white
    picture = maps_figure(some, lambda x: x[:, 0] / 255)
    tile = 8 * SIDE + 2
    assert picture.shape == (10 * tile - 2, 22 * tile - 2, 3)
    rows = [picture[i * tile : i * tile + 64 : 8, :64:8, 0] for i in range(10)]
    assert rows[1][0, 0] == 255 and rows[1][1, 1] == 0
    for x, shown in zip(rows[2::2], rows[3::2], strict=True):
        assert np.array_equal(shown, np.minimum(5 * x.astype(int), 255))


def test_the_baseline_is_the_squared_distance_from_the_mean_image():
    train = images(3, 5)
    x = images(3, 6)[:2]
    expected = (x / 127.5 - train.mean(0) / 127.5) ** 2
    np.testing.assert_allclose(mean_image_maps(train)(x), expected.mean(1), rtol=1e-12)


class Brightness(nn.Module):
    """A model whose errors are the image's brightness minus its label."""

    def __init__(self, conditional=False, has_encoder=True):
        super().__init__()
        self.conditional, self.has_encoder = conditional, has_encoder
        self.device = torch.device("cpu")

    def error_map(self, x, y):
        return (x + 1 - y.view(-1, 1, 1, 1))[:, 0] if self.has_encoder else None

    def scores(self, x, y):
        return {"distance": (x.mean((1, 2, 3)) - y).abs()}


def test_a_map_is_of_the_label_that_suits_the_image_best():
    x = np.concatenate(
        [np.full((3, 1, SIDE, SIDE), 255, np.uint8), np.zeros((2, 1, SIDE, SIDE), np.uint8)]
    )
    maps = error_maps(Brightness(conditional=True), x, np.array([0, 0, 1]))
    assert maps(x)[:, 0, 0].tolist() == [1, 1, 1, 0, 0]  # 1 + 1 - 1, -1 + 1 - 0
    assert error_maps(Brightness(), x, np.zeros(3, int))(x)[:, 0, 0].tolist() == [2, 2, 2, 0, 0]
    assert error_maps(Brightness(has_encoder=False), x, np.zeros(3, int)) is None
