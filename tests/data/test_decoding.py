"""Image files of any mode, depth and size; arrays resized to another shape."""

import io

import numpy as np
import pytest
from PIL import Image

from genbench.data import decoding
from genbench.utils.errors import InputError

RED, GRAY_OF_RED = (255, 0, 0), 76  # 0.299 * 255, ITU-R 601
CHANNELS = pytest.mark.parametrize("channels", [1, 3])


def encode(image, kind="PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def random_image(width, height, seed=0):
    shape = height, width, 3
    return Image.fromarray(np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_a_lossless_image_of_the_right_size_is_its_own_pixels(kind):
    image = random_image(16, 16)
    got = decoding.decode(encode(image, kind, lossless=True), 16, 3)
    np.testing.assert_array_equal(got, np.asarray(image).transpose(2, 0, 1))


def test_16_bit_gray_is_divided_by_257():
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    got = decoding.decode(encode(Image.fromarray(values)), 16, 1)
    np.testing.assert_array_equal(got[0], np.rint(values / 257))


@pytest.mark.parametrize("bits", [1, 8, 10, 12, 14])
def test_of_fewer_bits_in_a_file_of_16_the_largest_value_becomes_white(bits):
    values = np.linspace(0, 2**bits - 1, 256).astype(np.uint16).reshape(16, 16)
    data = encode(Image.fromarray(values))
    assert decoding.used_bits(data) == bits
    got = decoding.decode(data, 16, 1, bits)
    np.testing.assert_array_equal(got[0], np.rint(values * (255 / (2**bits - 1))))


def test_only_16_bit_grayscale_has_bits_to_count():
    for mode in ("L", "RGB", "RGBA", "P", "1", "LA"):
        assert decoding.used_bits(encode(Image.new(mode, (8, 8)))) == 0
    assert decoding.used_bits(encode(random_image(8, 8), "JPEG")) == 0


@CHANNELS
def test_a_transparent_value_of_16_bit_gray_is_white_and_no_other_changes(channels):
    values = np.full((16, 16), 257 * 40, np.uint16)
    values[:8] = 65535 - 257
    for clear in (257 * 40, 65535 - 257, 0):
        data = encode(Image.fromarray(values), transparency=clear)
        got = decoding.decode(data, 16, channels)
        want = np.where(values == clear, 255, values // 257)
        np.testing.assert_array_equal(got, np.repeat(want[None], channels, 0))


def test_a_transparent_value_does_not_count_as_a_large_one():
    values = np.full((8, 8), 65535, np.uint16)
    values[0, 0] = 4000
    assert decoding.used_bits(encode(Image.fromarray(values), transparency=65535)) == 12


@CHANNELS
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L"])
def test_transparency_is_blended_with_white(mode, channels):
    image, clear = Image.new("RGB", (8, 8), RED), {}
    if mode in ("RGBA", "LA"):
        image.putalpha(0)
        image = image.convert(mode)
    else:
        image = image.quantize(2) if mode == "P" else image.convert(mode)
        clear = {"transparency": image.getpixel((0, 0))}
    assert (decoding.decode(encode(image, **clear), 8, channels) == 255).all()


def test_half_transparent_black_on_white_is_the_middle():
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert (decoding.decode(encode(image), 8, 1) == 127).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_one_color_stays_that_color_in_every_mode(mode):
    image = Image.new("RGB", (20, 11), "white").convert(mode)
    for channels in (1, 3):
        assert (decoding.decode(encode(image), 8, channels) == 255).all()


def test_a_cmyk_jpeg_keeps_its_color():
    data = encode(Image.new("RGB", (16, 16), RED).convert("CMYK"), "JPEG", quality=95)
    difference = decoding.decode(data, 8, 3).astype(int) - np.array(RED)[:, None, None]
    assert abs(difference).max() <= 3
    assert abs(decoding.decode(data, 8, 1).astype(int) - GRAY_OF_RED).max() <= 3


@pytest.mark.parametrize("orientation, turned", [(3, 180), (6, 90), (8, 270)])
def test_exif_orientation_is_applied(orientation, turned):
    image, exif = random_image(16, 16), Image.Exif()
    exif[274] = orientation
    data = encode(image.rotate(turned), exif=exif)
    np.testing.assert_array_equal(
        decoding.decode(data, 16, 3), decoding.decode(encode(image), 16, 3)
    )


@pytest.mark.parametrize("width, height", [(9, 3), (3, 9), (60, 20), (20, 60), (8, 8)])
def test_the_result_is_the_center_of_the_whole_image_resized(width, height):
    image, side = random_image(width, height), min(width, height)
    whole = image.resize((width * 8 // side, height * 8 // side), Image.Resampling.BILINEAR)
    left, top = (whole.width - 8) // 2, (whole.height - 8) // 2
    want = np.asarray(whole.crop((left, top, left + 8, top + 8))).transpose(2, 0, 1)
    got = decoding.decode(encode(image), 8, 3)
    assert np.abs(got - want.astype(int)).max() <= 1  # rounded in another order


@CHANNELS
@pytest.mark.parametrize("size", [(1, 40), (40, 1), (1, 1), (1, 100_000)])
def test_a_strip_one_pixel_wide_is_a_image_too(size, channels):
    got = decoding.decode(encode(Image.new("RGB", size, RED)), 32, channels)
    assert got.shape == (channels, 32, 32)
    assert (got[0] == (255 if channels == 3 else GRAY_OF_RED)).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_first_frame_of_an_animation_is_used(kind):
    frames = {"save_all": True, "append_images": [Image.new("RGB", (8, 8), "blue")]}
    got = decoding.decode(
        encode(Image.new("RGB", (8, 8), RED), kind, lossless=True, **frames), 8, 3
    )
    assert (got.transpose(1, 2, 0) == RED).all()


def test_shrinking_agrees_with_torchs_antialiasing():
    import torch

    image = random_image(40, 40)
    x = torch.from_numpy(np.asarray(image).transpose(2, 0, 1)[None].astype(np.float32))
    want = torch.nn.functional.interpolate(x, (16, 16), mode="bilinear", antialias=True)
    got = decoding.decode(encode(image), 16, 3)
    assert np.abs(got - want[0].numpy()).max() <= 1


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "not a PNG"),
        (b"I am a text", "not a PNG"),
        (encode(random_image(9, 9))[:90], "broken"),
    ],
)
def test_what_is_no_image_is_an_input_error(data, message):
    with pytest.raises(InputError, match=message):
        decoding.decode(data, 8, 3)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("limit", [40, 99])  # Pillow itself only warns up to twice the limit
def test_a_image_beyond_the_pixel_limit_is_an_input_error(monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(InputError, match="million pixels"):
        decoding.decode(encode(random_image(10, 10)), 8, 3)


def test_matching_the_shape_that_is_there_changes_nothing():
    x = np.random.default_rng(0).integers(256, size=(3, 1, 8, 8), dtype=np.uint8)
    assert decoding.resize_to(x, (1, 8, 8)) is x


def test_gray_is_repeated_and_comes_back_the_same():
    x = np.random.default_rng(0).integers(256, size=(3, 1, 8, 8), dtype=np.uint8)
    color = decoding.resize_to(x, (3, 8, 8))
    np.testing.assert_array_equal(color, np.repeat(x, 3, 1))
    np.testing.assert_array_equal(decoding.resize_to(color, (1, 8, 8)), x)


def test_color_becomes_gray_by_its_luma():
    x = np.random.default_rng(0).integers(256, size=(5, 3, 8, 8), dtype=np.uint8)
    luma = np.einsum("nchw,c->nhw", x, [0.299, 0.587, 0.114])[:, None]
    assert np.abs(decoding.resize_to(x, (1, 8, 8)) - luma).max() <= 0.51
    assert decoding.resize_to(x, (1, 12, 12)).shape == (5, 1, 12, 12)
