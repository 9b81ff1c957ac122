"""Images that were made elsewhere: what is read, in which order, and what is refused."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from genbench.data.imported import MIN_IMAGES, load_images
from genbench.utils.errors import InputError

GRAY = np.random.default_rng(0).integers(0, 256, (12, 1, 9, 9), dtype=np.uint8)
COLOR = np.random.default_rng(1).integers(0, 256, (12, 3, 9, 9), dtype=np.uint8)


def save(folder, x, name="{}.png", **options):
    """Images (N, C, H, W) as files."""
    for i, image in enumerate(x):
        path = folder / name.format(i)
        path.parent.mkdir(parents=True, exist_ok=True)
        array = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
        Image.fromarray(array).save(path, **options)
    return folder


def read(path, real=GRAY, resize=False):
    arrays = load_images(path, real, resize)
    return arrays["x"], str(arrays["source"])


@pytest.mark.parametrize("x", [GRAY, COLOR], ids=["gray", "color"])
def test_files_are_read_pixel_by_pixel_in_the_order_of_their_numbers(tmp_path, x):
    got, source = read(save(tmp_path / "own", x), real=x)
    assert np.array_equal(got, x) and source == "made elsewhere"


def test_an_archive_is_read_as_a_folder_is(tmp_path):
    folder = save(tmp_path / "own", GRAY)
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as file:
        for path in folder.iterdir():
            file.write(path, f"deep/er/{path.name}")
    assert np.array_equal(read(tmp_path / "own.zip")[0], GRAY)


def test_folders_take_turns(tmp_path):
    for k, name in enumerate("ab"):
        save(tmp_path / "own" / name, GRAY[6 * k : 6 * k + 6])
    got, _ = read(tmp_path / "own")
    assert np.array_equal(got[::2], GRAY[:6]) and np.array_equal(got[1::2], GRAY[6:])


@pytest.mark.parametrize("name, axes", [("x", (0, 1, 2, 3)), ("arr_0", (0, 2, 3, 1))])
@pytest.mark.parametrize("x", [GRAY, COLOR], ids=["gray", "color"])
def test_arrays_have_the_axes_that_their_name_says(tmp_path, x, name, axes):
    np.savez(tmp_path / "own.npz", **{name: x.transpose(axes)})
    assert np.array_equal(read(tmp_path / "own.npz", real=x)[0], x)


def test_gray_files_of_three_equal_channels_are_gray_and_gray_ones_of_color_data_are_color(
    tmp_path,
):
    tripled = GRAY.repeat(3, axis=1)
    assert np.array_equal(read(save(tmp_path / "rgb", tripled))[0], GRAY)
    assert np.array_equal(read(save(tmp_path / "gray", GRAY), real=COLOR)[0], tripled)


def test_jpeg_is_said(tmp_path):
    save(tmp_path / "own", GRAY[:10])
    save(tmp_path / "own", GRAY[10:], name="z{}.jpg")
    _, source = read(tmp_path / "own")
    assert source == "made elsewhere; 2 of 12 are JPEG, whose artifacts count"


def test_another_size_is_refused_and_resized_only_where_that_is_asked_for(tmp_path):
    large = GRAY.repeat(2, axis=2).repeat(2, axis=3)
    save(tmp_path / "own", np.full_like(large, 7))
    with pytest.raises(InputError, match="are 18x18 pixels wide and high, not 9x9; with `resize"):
        read(tmp_path / "own")
    got, source = read(tmp_path / "own", resize=True)
    assert source == "made elsewhere; resized from 18x18"
    assert np.array_equal(got, np.full_like(GRAY, 7))


@pytest.mark.parametrize(
    "arrays, line",
    [
        ({"images": GRAY}, r"must have x \(N, C, H, W\) or arr_0 \(N, H, W, C\): images$"),
        ({}, r"must have x .*: nothing$"),
        ({"x": GRAY / 255}, "x must be uint8, from 0 to 255, got float64"),
        ({"x": COLOR.transpose(0, 2, 3, 1)}, r"x must be \(N, C, H, W\) of .*got \(12, 9, 9, 3\)"),
        ({"arr_0": COLOR}, r"arr_0 must be \(N, H, W, C\) of 1 or 3 channels, got \(12, 3, 9, 9\)"),
        ({"x": GRAY[:, 0]}, r"x must be .*got \(12, 9, 9\)"),
        ({"x": GRAY[:9]}, f"holds 9 images, must be at least {MIN_IMAGES}$"),
        ({"x": GRAY[:0]}, r"got \(0, 1, 9, 9\)"),
        ({"x": COLOR}, "images are in color, and those of the dataset are grayscale"),
        ({"x": np.array([{}])}, "no readable .npz"),
    ],
)
def test_arrays_that_cannot_be_used_are_one_line(tmp_path, arrays, line):
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(InputError, match=line) as error:
        read(tmp_path / "own.npz")
    assert "\n" not in str(error.value) and str(tmp_path / "own.npz") in str(error.value)


def test_damaged_arrays_and_files_are_one_line(tmp_path):
    np.savez(tmp_path / "own.npz", x=GRAY)
    data = (tmp_path / "own.npz").read_bytes()
    for damaged in (data[:100], b"no zip", b"", data[:200] + b"\0\0\0" + data[203:]):
        (tmp_path / "own.npz").write_bytes(damaged)
        with pytest.raises(InputError, match="no readable .npz"):
            read(tmp_path / "own.npz")
    save(tmp_path / "own", GRAY)
    (tmp_path / "own" / "3.png").write_bytes(b"broken")
    with pytest.raises(InputError, match="own: 3.png: not a PNG"):
        read(tmp_path / "own")


@pytest.mark.parametrize("mode", ["I;16", "RGBA", "LA"])
def test_depths_and_transparency_that_a_rule_of_ours_would_convert_are_refused(tmp_path, mode):
    save(tmp_path / "own", GRAY)
    Image.new(mode, (9, 9)).save(tmp_path / "own" / "3.png")
    with pytest.raises(InputError, match="own: 3.png: must be grayscale or RGB of 8 bits, got"):
        read(tmp_path / "own")


def test_a_place_without_images_is_one_line(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="own: holds no image"):
        read(tmp_path / "own")
