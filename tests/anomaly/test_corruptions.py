import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from genbench.anomaly.corruptions import CORRUPTIONS, corrupt
from genbench.params.schema import Corruptions

SEVERITY = {
    "noise": 64,
    "salt_and_pepper": 0.1,
    "blur": 3,
    "occlusion": 0.5,
    "inversion": 1.0,
    "rotation": 45,
    "contrast": 0.7,
}


def images(channels=1, n=6, size=8):
    return np.random.default_rng(0).integers(0, 256, (n, channels, size, size), dtype=np.uint8)


def corrupted(x, kind, severity=None, seed=1):
    return corrupt(x, kind, severity or SEVERITY[kind], np.random.default_rng(seed))


def test_params_know_the_same_kinds():
    assert set(Corruptions.model_fields) == set(CORRUPTIONS) == set(SEVERITY)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corruption_keeps_shape_and_type_and_changes_every_image(kind, channels):
    x = images(channels)
    out = corrupted(x, kind)
    assert (out.shape, out.dtype) == (x.shape, np.uint8)
    assert (out != x).any((1, 2, 3)).all()


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corruption_depends_on_its_generator_alone(kind):
    assert np.array_equal(corrupted(images(), kind), corrupted(images(), kind))


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_more_severe_is_further_from_the_image(kind):
    x = np.repeat(np.linspace(20, 230, 16, dtype=np.uint8)[:, None], 16, 1)[None, None]
    x = np.repeat(x, 30, 0)
    more = {"blur": 12, "rotation": 90, "noise": 100, "contrast": 1.0, "inversion": 1.0}
    less = {"blur": 2, "rotation": 20, "noise": 20, "contrast": 0.3, "inversion": 0.6}
    less |= {"salt_and_pepper": 0.05, "occlusion": 0.3}
    far = [
        np.abs(corrupted(x, kind, s).astype(float) - x).mean()
        for s in (less[kind], more.get(kind, 0.8))
    ]
    assert 0 < far[0] < far[1]


def test_inversion_twice_is_nothing():
    assert np.array_equal(corrupted(corrupted(images(), "inversion"), "inversion"), images())


@pytest.mark.parametrize("kind", ["blur", "rotation", "contrast"])
def test_a_flat_image_stays_flat(kind):
    x = np.full((2, 3, 8, 8), 77, np.uint8)
    assert np.array_equal(corrupted(x, kind), x)


def test_noise_has_the_stated_deviation_in_every_channel_of_its_own_and_is_clipped():
    flat = np.full((20, 3, 16, 16), 128, np.uint8)
    noise = corrupted(flat, "noise", 20).astype(float) - 128
    n = noise[:, 0].size
    assert noise.mean() == pytest.approx(0, abs=4 * 20 / (3 * n) ** 0.5)
    assert noise.std() == pytest.approx(20, rel=4 / (6 * n) ** 0.5)
    vectors = noise.transpose(1, 0, 2, 3).reshape(3, -1)
    assert np.abs(np.corrcoef(vectors) - np.eye(3)).max() < 5 / n**0.5
    images_and_each_other = np.abs(np.corrcoef(noise.reshape(20, -1)) - np.eye(20))
    assert images_and_each_other.max() < 5 / noise[0].size ** 0.5
    white = corrupted(np.full_like(flat, 255), "noise", 20)
    assert (white == 255).mean() == pytest.approx(0.5, abs=0.05) and white.min() > 255 - 6 * 20


def test_salt_and_pepper_touches_the_stated_share_half_of_it_black():
    x = np.full((50, 1, 20, 20), 100, np.uint8)
    out = corrupted(x, "salt_and_pepper", 0.3)
    assert set(np.unique(out)) == {0, 100, 255}
    for gray in (0, 255):
        assert (out == gray).mean() == pytest.approx(0.15, abs=0.01)
    assert len({image.tobytes() for image in out}) == 50


def test_occlusion_covers_a_square_of_the_stated_side():
    out = corrupted(np.zeros((50, 3, 8, 8), np.uint8), "occlusion", 0.5)
    assert ((out == 128).sum((1, 2, 3)) == 3 * 16).all()
    places = {
        (covered.any((0, 2)).argmax(), covered.any((0, 1)).argmax()) for covered in out == 128
    }
    assert {row for row, _ in places} == {column for _, column in places} == set(range(5))


def test_a_quarter_turn_is_exact_and_goes_to_both_sides():
    x = images(3, n=40)
    out = corrupted(x, "rotation", 90)
    flipped = [np.rot90(x, k, (2, 3)) for k in (1, -1)]
    sides = [(out == t).all((1, 2, 3)) for t in flipped]
    assert (sides[0] | sides[1]).all() and sides[0].any() and sides[1].any()


def test_a_rotation_interpolates_between_pixels_as_scipy_does():
    x = images(3, n=20)
    out = corrupted(x, "rotation", 30)
    far = []
    for angle in np.deg2rad([30, -30]):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        places = np.tensordot(turn, np.indices((8, 8)) - 3.5, 1) + 3.5
        want = [
            [
                map_coordinates(channel.astype(float), places, order=1, mode="nearest")
                for channel in image
            ]
            for image in x
        ]
        far.append(np.abs(out - np.array(want)).max((1, 2, 3)))
    assert (np.minimum(*far) <= 0.51).all() and (far[0] > 1).any() and (far[1] > 1).any()


def test_contrast_shrinks_towards_the_mean_of_all_channels_of_an_image():
    x = images(3, n=20, size=16) // [[[[1]], [[2]], [[3]]]]
    mean = x.mean((1, 2, 3), keepdims=True)
    out = corrupted(x.astype(np.uint8), "contrast", 0.7)
    np.testing.assert_allclose(out, mean + 0.3 * (x - mean), atol=0.51)


def test_an_unknown_corruption_is_named():
    with pytest.raises(ValueError, match="unknown corruption rain; known: noise, "):
        corrupted(images(), "rain", 1)


def test_blur_is_the_mean_of_nine_once_per_pass():
    x = images(3)
    want = torch.as_tensor(x).float()
    for passes in (1, 2, 3):
        padded = torch.nn.functional.pad(want, (1,) * 4, mode="replicate")
        want = torch.nn.functional.avg_pool2d(padded, 3, 1)
        np.testing.assert_allclose(corrupted(x, "blur", passes), want, atol=0.51)
