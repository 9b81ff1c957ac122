"""Where datasets come from, how they are split, and their OOD datasets."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from genbench.data import datasets, ood_images, splits
from genbench.params import schema
from genbench.params.load import BUILT_IN, OOD_NAMES
from genbench.utils import files, seeds
from genbench.utils.errors import InputError

CLASSES = ("cat", "cow", "dog")


def make_params(seed=0, **blocks):
    """The part of params.yaml that is used here."""
    return SimpleNamespace(
        data_seed=seed,
        split=schema.Split(val=0.1, test=0.25, train=None),
        data={name: schema.Data(**block) for name, block in blocks.items()},
    )


def download(p, dataset, folder):
    with files.atomic_write(folder) as new:
        datasets.download(dataset, p, new, previous=folder)
    return folder


def paint(folder, counts=(20, 12, 3)):
    """Class folders of images, `counts` of each class; each image has its own gray level."""
    level = 0
    for label, n in zip(CLASSES, counts, strict=True):
        (folder / label).mkdir(parents=True)
        for i in range(n):
            Image.new("L", (9, 9), level := level + 1).save(folder / label / f"{i}.png")
    return {"path": str(folder), "size": 8, "channels": 1}


def test_every_name_that_params_allows_has_a_source():
    assert set(datasets.SOURCES) == set(OOD_NAMES)
    assert all(datasets.SOURCES[name].load for name in BUILT_IN)


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_the_shape_that_models_are_checked_for_is_that_of_the_images(name, tmp_path):
    p = make_params(**{name: {}})
    parts, _ = datasets.load_dataset(name, p, download(p, name, tmp_path / "raw"))
    assert parts["train"][0].shape[1:] == BUILT_IN[name]


def test_the_shape_that_models_are_checked_for_is_that_of_a_published_dataset():
    for name in set(BUILT_IN) - {"digits", "shapes"}:
        assert datasets.SOURCES[name].shape == BUILT_IN[name]


def test_digits_are_those_of_scikit_learn_each_in_one_split(tmp_path):
    from sklearn.datasets import load_digits

    p = make_params(digits={})
    parts, classes = datasets.load_dataset("digits", p, download(p, "digits", tmp_path / "raw"))
    x, y = (np.concatenate([parts[k][i] for k in ("train", "val", "test")]) for i in (0, 1))
    want = load_digits()
    rows = np.column_stack([np.rint(want.data * 255 / 16), want.target])
    got = np.column_stack([x.reshape(-1, 64), y])
    np.testing.assert_array_equal(got[np.lexsort(got.T)], rows[np.lexsort(rows.T)])
    assert classes == [str(name) for name in want.target_names]


@pytest.mark.parametrize("fraction", [0.01, 0.25, 0.99])
def test_a_stratified_fraction_is_within_one_image_of_each_class(fraction):
    y = np.repeat([0, 1, 2], [100, 7, 2])
    mask = splits.stratified_mask(y, fraction, np.random.default_rng(0))
    for label in range(3):
        n, total = mask[y == label].sum(), (y == label).sum()
        assert abs(n - fraction * total) <= 1 and 1 <= n < total


def test_the_split_follows_the_seed_and_every_class_is_in_every_split(tmp_path):
    own = paint(tmp_path / "mine", (20, 20, 20))
    raw = download(make_params(mine=own), "mine", tmp_path / "raw")
    params = [make_params(seed, mine=own) for seed in (0, 0, 1)]
    first, again, other = (datasets.load_dataset("mine", p, raw)[0] for p in params)
    for part, (x, y) in first.items():
        np.testing.assert_array_equal(x, again[part][0])
        assert set(y) == {0, 1, 2}
    assert not np.array_equal(first["test"][0], other["test"][0])
    assert sum(len(y) for _, y in first.values()) == 60


def test_a_class_too_small_to_split_is_named(tmp_path):
    p = make_params(mine=paint(tmp_path / "mine", (9, 2, 9)))
    with pytest.raises(InputError, match="mine: class cow has 2 images to split; 3 are needed"):
        datasets.load_dataset("mine", p, download(p, "mine", tmp_path / "raw"))


def test_a_split_too_small_to_measure_with_is_named(tmp_path):
    p = make_params(mine=paint(tmp_path / "mine", (9, 9, 9)))
    with pytest.raises(InputError, match="mine: 6 test images; at least 10 are needed"):
        datasets.load_dataset("mine", p, download(p, "mine", tmp_path / "raw"))


def test_labels_stay_with_their_images_and_the_first_ones_are_not_one_class(tmp_path):
    p = make_params(mine=paint(tmp_path / "mine", (50, 50, 50)))
    parts, classes = datasets.load_dataset("mine", p, download(p, "mine", tmp_path / "raw"))
    x, y = parts["train"]
    np.testing.assert_array_equal(y, (x[:, 0, 0, 0].astype(int) - 1) // 50)
    assert classes == list(CLASSES) and set(y[:20]) == {0, 1, 2}


def test_published_splits_are_kept(tmp_path):
    paint(tmp_path / "mine/train", (9, 9, 9)), paint(tmp_path / "mine/test", (4, 4, 4))
    p = make_params(mine={"path": str(tmp_path / "mine"), "size": 8, "channels": 3})
    parts, _ = datasets.load_dataset("mine", p, download(p, "mine", tmp_path / "raw"))
    assert sorted(parts["test"][0][:, 0, 0, 0]) == list(range(1, 13))
    assert len(parts["train"][1]) == 24 and len(parts["val"][1]) == 3


def test_a_failed_download_leaves_the_previous_one(tmp_path):
    p = make_params(mine=paint(tmp_path / "mine"), gone={"path": str(tmp_path / "gone")})
    raw = download(p, "mine", tmp_path / "raw")
    before = sorted(raw.rglob("*"))
    with pytest.raises(InputError, match=r"data.gone.path: no such file or folder: .*gone"):
        download(p, "gone", raw)
    assert sorted(raw.rglob("*")) == before and sorted(tmp_path.iterdir()) == [
        tmp_path / "mine",
        raw,
    ]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 64, 64)])
def test_ood_images_have_the_shape_of_the_dataset_and_come_from_the_test_split(
    tmp_path, shape, monkeypatch
):
    monkeypatch.setattr(datasets, "MAX_OOD_IMAGES", 400)
    monkeypatch.setattr(ood_images, "MAX_GENERATED", 30)
    names = ["digits", "photos", "noise"]
    p = make_params(mine=paint(tmp_path / "mine") | {"ood": names})
    raw = download(p, "mine", tmp_path / "raw")
    both = {n: datasets.load_ood_images(n, "mine", p, raw, shape, n_test=50) for n in names}
    x, preprocessing = ({n: pair[i] for n, pair in both.items()} for i in (0, 1))
    assert preprocessing["noise"] == preprocessing["photos"] == "made at this size"
    resized = "brought from 1 x 8 x 8 to 3 x 64"
    assert preprocessing["digits"].startswith("as they are" if shape == (1, 8, 8) else resized)
    assert {n: v.shape for n, v in x.items()} == {
        n: (400 if n == "digits" else 30, *shape) for n in names
    }
    assert all(v.dtype == np.uint8 for v in x.values())
    if shape == (1, 8, 8):
        test = {image.tobytes() for image in datasets.load_dataset("digits", p, raw)[0]["test"][0]}
        assert {image.tobytes() for image in x["digits"]} <= test


def test_12_bit_images_in_16_bit_files_use_all_gray_levels_and_one_scale(tmp_path, capsys):
    """A dim image stays dim: one scale for the source, not one per image."""
    for label, largest in (("bright", 4000), ("dim", 1000)):
        (tmp_path / "mine" / label).mkdir(parents=True)
        for i in range(20):
            values = np.linspace(0, largest, 64).reshape(8, 8).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / "mine" / label / f"{i}.png")
        Image.new("L", (8, 8), 200).save(tmp_path / "mine" / label / "gray.png")
    p = make_params(mine={"path": str(tmp_path / "mine"), "size": 8, "channels": 1})
    raw = download(p, "mine", tmp_path / "raw")
    assert "40 images of 16 bits use 12: 4,095 is white" in capsys.readouterr().out
    parts, _ = datasets.load_dataset("mine", p, raw)
    x = np.concatenate([part[0] for part in parts.values()])
    brightest, counts = np.unique(x.reshape(len(x), -1).max(1), return_counts=True)
    wanted = {round(1000 / 4095 * 255): 20, 200: 2, round(4000 / 4095 * 255): 20}
    assert dict(zip(brightest.tolist(), counts.tolist(), strict=True)) == wanted
    assert max(len(np.unique(image)) for image in x) == 64


def test_a_class_may_be_held_out_in_any_form_of_its_name():
    y = np.arange(6) % 3
    parts = {"test": (np.arange(6), y), "train": (np.arange(6), y)}
    _, classes, x = splits.hold_out(parts, ["a", "caf\u00e9", "z"], "cafe\u0301", "mine")
    assert classes == ["a", "z"] and x.tolist() == [1, 4]


def test_a_class_held_out_leaves_every_split_and_the_others_move_down():
    y = np.arange(12) % 3
    parts = {part: (np.arange(12) + start, y) for part, start in (("train", 0), ("test", 100))}
    rest, classes, held_out = splits.hold_out(parts, ["a", "b", "c"], "b", "mine")
    assert classes == ["a", "c"] and held_out.tolist() == [101, 104, 107, 110]
    x, labels = rest["train"]
    assert x.tolist() == [0, 2, 3, 5, 6, 8, 9, 11] and labels.tolist() == [0, 1] * 4
    with pytest.raises(InputError, match="held_out_class: mine has no class z; known: a, b, c"):
        splits.hold_out(parts, ["a", "b", "c"], "z", "mine")


def test_a_patch_of_a_plain_photograph_is_plain_and_patches_follow_the_seed(tmp_path):
    for name, color in zip(ood_images.PHOTOS, ((10, 20, 30), (200, 210, 220)), strict=True):
        Image.new("RGB", (640, 427), color).save(tmp_path / name, quality=100, subsampling=0)
    x, again, other = (
        ood_images.photo_patches(tmp_path, (3, 32, 32), 40, np.random.default_rng(s))
        for s in (0, 0, 1)
    )
    assert (x == x[:, :, :1, :1]).all() and set(np.unique(x[:, 0])) == {10, 200}
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, other)


def test_noise_has_all_levels_as_many_images_as_asked_and_a_stream_of_its_own(tmp_path):
    p = make_params(seed=3, digits={"ood": ["noise"]}, mnist={"ood": ["noise"]})
    shape = (1, 8, 8)
    (tmp_path / "noise").mkdir()
    noise = {
        (dataset, n): datasets.load_ood_images(
            "noise", dataset, p, tmp_path, shape=shape, n_test=n
        )[0]
        for dataset in ("digits", "mnist")
        for n in (40, 5000)
    }
    assert len(noise["digits", 40]) == 40 and len(noise["digits", 5000]) == 2000
    assert set(np.unique(noise["digits", 5000])) == set(range(256))
    assert noise["digits", 5000].mean() == pytest.approx(127.5, abs=1)
    assert not np.array_equal(noise["digits", 40], noise["mnist", 40])
    own = seeds.rng(p.data_seed, "ood", "digits", "noise").integers(
        256, size=(40, *shape), dtype=np.uint8
    )
    assert np.array_equal(noise["digits", 40], own)
