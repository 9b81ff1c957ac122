"""The rendered shapes: closed forms, symmetries, and factors that stay with their images."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import yaml

from genbench.data import shapes
from genbench.utils import files

ROOT = Path(__file__).parents[2]
IMAGES, FACTORS, NAMES = shapes.render_all()
GRID = IMAGES.reshape(*shapes.FACTOR_SIZES, 32, 32)
"""The images by their factors."""


def preprocess(dataset, out):
    """Run the stages `download` and `preprocess` in this folder."""
    download, preprocess = (
        runpy.run_path(str(ROOT / "stages" / f"{stage}.py"))["main"]
        for stage in ("download", "preprocess")
    )
    download(dataset=dataset, out=Path("raw"))
    preprocess(dataset=dataset, raw=Path("raw"), out=Path(out))


def test_every_combination_is_rendered_once_and_no_two_images_are_equal():
    assert IMAGES.shape == (13824, 1, 32, 32) and IMAGES.dtype == np.uint8
    assert FACTORS.shape == (13824, 5) and FACTORS.dtype == np.int64
    assert tuple(FACTORS.max(0) + 1) == shapes.FACTOR_SIZES and FACTORS.min() == 0
    assert len(np.unique(FACTORS, axis=0)) == len({x.tobytes() for x in IMAGES}) == 13824
    assert NAMES == ("shape", "scale", "orientation", "x", "y")


def test_an_image_lies_at_its_factors():
    for row in (0, 1, 144, 4321, 13823):
        np.testing.assert_array_equal(IMAGES[row, 0], GRID[tuple(FACTORS[row])])


def test_no_shape_is_cut_off():
    inside = np.zeros((32, 32), bool)
    inside[1:-1, 1:-1] = True
    assert IMAGES[:, 0, ~inside].max() == 0


@pytest.mark.parametrize("scale, radius", list(enumerate(shapes.RADII)))
def test_areas_are_the_closed_forms(scale, radius):
    """Two percent: an upright square's side is a whole number of sub-pixels, of which it has 113.

    The heart of half-side 1 is a square of area 4 and two halves of the unit disc.
    """
    enclosing = np.sqrt(2) * (1 + (np.sqrt(2) - 1) / (3 - np.sqrt(2)))
    want = np.array([2, np.pi / 2, (4 + np.pi) / enclosing**2]) * radius**2
    got = GRID[:, scale].sum((-2, -1), dtype=float) / 255
    assert got == pytest.approx(np.broadcast_to(want[:, None, None, None], got.shape), rel=0.02)


@pytest.mark.parametrize("shape", shapes.CLASSES)
def test_the_unit_circle_is_the_smallest_around_a_shape(shape):
    """Nothing lies outside, and no half of the circle is free of the shape."""
    degrees = np.arange(0, 360, 0.1)
    x, y = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    assert not any(shapes._is_inside(shape, r * x, r * y).any() for r in (1.0001, 1.1, 1.5))
    touched = degrees[shapes._is_inside(shape, 0.9999 * x, 0.9999 * y)]
    assert np.diff(touched, append=touched[0] + 360).max() <= 180


@pytest.mark.parametrize("shape", [0, 1])
def test_centers_of_gravity_are_where_x_and_y_say(shape):
    weights = GRID[shape].astype(float)
    weights /= weights.sum((-2, -1), keepdims=True)
    along = np.arange(32) + 0.5
    x, y = weights.sum(-2) @ along, weights.sum(-1) @ along
    np.testing.assert_allclose(x, np.broadcast_to(shapes.CENTERS[:, None], x.shape), atol=0.01)
    np.testing.assert_allclose(y, np.broadcast_to(shapes.CENTERS, y.shape), atol=0.01)


def test_mirrored_positions_show_mirrored_images_of_upright_shapes():
    upright = GRID[:, :, 0]
    np.testing.assert_array_equal(upright[:, :, ::-1], upright[..., ::-1])
    np.testing.assert_array_equal(upright[:2, :, :, ::-1], upright[:2, ..., ::-1, :])


def test_turning_a_square_the_other_way_is_what_remains_of_a_quarter_turn():
    flipped = GRID[0, :, 1:]
    mirrored = flipped[:, ::-1, ::-1, :, :, ::-1]
    assert np.abs(flipped.astype(int) - mirrored).max() <= 1  # sub-pixels on an edge may round


def test_orientations_turn_clockwise():
    """A moment of second order of an ellipse is the sine of twice its angle, y being down."""
    along = np.arange(32) + 0.5 - shapes.CENTERS[6]
    moment = np.einsum("rij,i,j->r", GRID[1, 3, :, 6, 6].astype(float), along, along)
    want = np.sin(2 * np.deg2rad(shapes.ANGLES))
    np.testing.assert_allclose(moment / moment[4], want, atol=0.01)


@pytest.mark.parametrize("held_out", [None, "ellipse"])
def test_factors_follow_their_images_into_every_split(tmp_path, monkeypatch, held_out):
    monkeypatch.chdir(tmp_path)
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["anomaly"]["held_out_class"] = held_out
    tree["data"]["shapes"]["ood"] = ["noise"]
    Path("params.yaml").write_text(yaml.safe_dump(tree))
    preprocess("shapes", "shapes.npz")
    arrays = files.load_arrays(Path("shapes.npz"))
    left = [name for name in shapes.CLASSES if name != held_out]
    assert tuple(arrays["factor_names"]) == NAMES and list(arrays["classes"]) == left
    for part in ("train", "val", "test"):
        x, y, factors = (arrays[f"{part}_{kind}"] for kind in ("x", "y", "factors"))
        np.testing.assert_array_equal(x[:, 0], GRID[tuple(factors.T)])
        np.testing.assert_array_equal(np.array(left)[y], np.array(shapes.CLASSES)[factors[:, 0]])
        assert factors.dtype == np.int64 and set(y[:20]) == set(range(len(left)))
    rows = np.concatenate([arrays[f"{part}_factors"] for part in ("train", "val", "test")])
    assert len(np.unique(rows, axis=0)) == len(rows) == len(left) * 4608


def test_a_dataset_without_factors_has_no_arrays_of_factors(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text())
    preprocess("digits", "digits.npz")
    parts = [f"{part}_{kind}" for part in ("train", "val", "test") for kind in "xy"]
    kinds = ("x", "preprocessing")
    ood = [f"ood_{name}_{kind}" for name in ("photos", "noise") for kind in kinds]
    assert files.array_names(Path("digits.npz")) == [*parts, *ood, "ood_names", "classes"]
    assert files.ood_names(Path("digits.npz")) == ["photos", "noise"]
