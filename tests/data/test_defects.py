"""Anomaly data as MVTec AD has them: one class in train/, it and its defects in test/."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from genbench import params
from genbench.data import datasets, image_folders
from genbench.data.defects import DEFECTS
from genbench.params import schema
from genbench.results.processed import load_processed
from genbench.utils import files
from genbench.utils.errors import InputError

STAGES = Path(__file__).parents[2] / "stages"
LAYOUT = {"train/good": 30, "test/good": 12, "test/crack": 4, "test/bent wire": 3}
LEVELS = {"train/good": 50, "val/good": 70, "test/good": 100, "test/crack": 150}
"""Gray level of the first image of a folder; the next ones are a level higher each."""


def paint(folder, sizes):
    """Folders of images, so many in each; all other folders start at level 200."""
    for name, n in sizes.items():
        (folder / name).mkdir(parents=True)
        for i in range(n):
            Image.new("L", (9, 9), LEVELS.get(name, 200) + i).save(folder / name / f"{i:03}.png")
    return folder


def levels(x):
    """The gray level of each image of one level, sorted."""
    assert (x == x[:, :1, :1, :1]).all()
    return sorted(x[:, 0, 0, 0].tolist())


def run_stages(folder, monkeypatch, held_out=None, dataset="bottle"):
    """The stages `download` and `preprocess`, run on a folder."""
    own = {"path": str(folder), "size": 8, "channels": 1}
    data = {"bottle": own, "cats": own | {"path": str(folder.parent / "cats"), "ood": ["bottle"]}}
    choices = SimpleNamespace(
        data_seed=0,
        split=schema.Split(val=0.1, test=0.25, train=None),
        data={name: schema.Data(**block) for name, block in data.items()},
        anomaly=SimpleNamespace(held_out_class=held_out),
    )
    monkeypatch.setattr(params, "load", lambda: choices)
    raw, out = folder.parent / "raw", folder.parent / "out.npz"
    runpy.run_path(str(STAGES / "download.py"))["main"](dataset, raw)
    runpy.run_path(str(STAGES / "preprocess.py"))["main"](dataset, raw, out)
    return out


@pytest.mark.parametrize("wrapper", ["", "bottle"])
def test_models_are_trained_on_the_one_class_and_other_folders_of_test_are_defects(
    tmp_path, monkeypatch, capsys, wrapper
):
    folder = paint(tmp_path / "mine" / wrapper, LAYOUT)
    paint(folder, {"ground_truth/broken": 7})
    (folder / "license.txt").write_text("CC BY-NC-SA 4.0")
    out = run_stages(tmp_path / "mine", monkeypatch)
    arrays = files.load_arrays(out)
    assert arrays["classes"].tolist() == ["good"]
    assert files.defect_names(out) == ["bent wire", "crack"]
    assert levels(np.concatenate([arrays["train_x"], arrays["val_x"]])) == [*range(50, 80)]
    assert levels(arrays["test_x"]) == [*range(100, 112)]
    assert levels(arrays["defect_crack_x"]) == [*range(150, 154)]
    assert levels(arrays["defect_bent wire_x"]) == [*range(200, 203)]
    assert all(set(arrays[f"{part}_y"]) == {0} for part in ("train", "val", "test"))
    assert load_processed(out).n_defects == {"bent wire": 3, "crack": 4}
    notes = [line for line in capsys.readouterr().out.splitlines() if "ignored" in line]
    (note,) = notes
    assert note.endswith(": 1 of suffix .txt; 7 images of ground_truth/")


@pytest.mark.parametrize("suffix", ["_mask", ""])
def test_a_mask_belongs_to_the_image_of_its_name_and_has_every_pixel_that_is_touched(
    tmp_path, monkeypatch, suffix
):
    folder = paint(tmp_path / "mine", LAYOUT)
    (folder / "ground_truth" / "crack").mkdir(parents=True)
    for i in range(4):
        mask = Image.new("L", (72, 72))
        mask.putpixel((9 * i + 4, 4), 255)  # the fewest pixels, of the 81 that become one
        mask.save(folder / "ground_truth" / "crack" / f"{i:03}{suffix}.png")
    arrays = files.load_arrays(run_stages(folder, monkeypatch))
    masks = arrays["defect_crack_mask"]
    assert masks.shape == (4, 8, 8) and masks.dtype == bool
    for image, mask in zip(arrays["defect_crack_x"], masks, strict=True):
        i = int(image[0, 0, 0]) - LEVELS["test/crack"]
        rows, columns = np.nonzero(mask)
        assert 0 in rows and i in columns
        assert rows.max() <= 1 and abs(columns - i).max() <= 1  # the filter is two pixels wide


def test_a_defect_with_an_image_without_a_mask_has_none_and_it_is_said(
    tmp_path, monkeypatch, capsys
):
    folder = paint(tmp_path / "mine", LAYOUT)
    paint(folder, {"ground_truth/crack": 3, "ground_truth/bent wire": 4})
    arrays = files.load_arrays(run_stages(folder, monkeypatch))
    assert "defect_crack_mask" not in arrays and arrays["defect_bent wire_mask"].all()
    out = capsys.readouterr().out
    assert "ground_truth/ has no masks of some images (1 of crack): where these are" in out
    assert "ignored 1 images of ground_truth/" in out  # of no image


def test_a_mask_that_cannot_be_read_is_named(tmp_path):
    folder = paint(tmp_path / "mine", LAYOUT)
    paint(folder, {"ground_truth/crack": 4})
    (folder / "ground_truth" / "crack" / "002.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="ground_truth/crack/002.png: "):
        image_folders.check(folder, needs_train=True)


def test_a_dataset_without_defects_has_no_arrays_of_them(tmp_path, monkeypatch, capsys):
    out = run_stages(paint(tmp_path / "mine", {"train/good": 30, "test/good": 12}), monkeypatch)
    assert files.defect_names(out) == [] and load_processed(out).n_defects == {}
    assert not [name for name in files.array_names(out) if "defect" in name]
    assert "ignored" not in capsys.readouterr().out


def test_it_is_said_at_the_download_which_folders_are_taken_for_defects(tmp_path, capsys):
    folder = paint(tmp_path / "mine", LAYOUT)
    image_folders.check(folder, needs_train=True)
    line = f"{folder}: defects, as train/ holds good alone: bent wire, crack\n"
    assert line in capsys.readouterr().out


@pytest.mark.parametrize("val", ["val", "Valid", "validation"])
def test_validation_images_of_the_one_class_are_taken_as_they_are(tmp_path, monkeypatch, val):
    folder = paint(tmp_path / "mine", LAYOUT | {f"{val}/good": 5})
    x, train = files.load_npz(run_stages(folder, monkeypatch), "val_x", "train_x")
    assert levels(x) == [*range(70, 75)] if val == "val" else len(x) == 5
    assert levels(train) == [*range(50, 80)]


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"train/good": 9, "test/crack": 9}, "class good is missing in test/"),
        ({"train/good": 9, "test/ok": 9, "test/crack": 9}, "class good is missing in test/"),
        (LAYOUT | {"val/good": 5, "val/crack": 5}, "val/ holds crack; .* may hold good alone"),
        (LAYOUT | {"val/crack": 5}, "val/ holds crack; beside defects it may hold good alone"),
        (LAYOUT | {"val/ok": 5}, "val/ holds ok; beside defects it may hold good alone"),
        (
            LAYOUT | {"train/ok": 5, "test/ok": 5},
            "class bent wire, crack is missing in train/; all splits need it",
        ),
        ({"train/good": 9, "test/bottle/good": 9, "test/bottle/crack": 9}, "nested too deeply"),
        ({"a/train/good": 9, "a/test/crack": 9, "b/train/good": 9}, "nested too deeply"),
        ({"train": 9, "test/good": 9, "test/crack": 9}, "000.png .*is in no class folder"),
        (LAYOUT | {"masks/crack": 4}, "folder masks/ stands beside test/, train/"),
        (LAYOUT | {"train/fine": 5, "ground_truth/crack": 4}, "folder ground_truth/ stands beside"),
    ],
)
def test_what_is_nearly_this_layout_is_refused_in_one_line(tmp_path, sizes, message):
    with pytest.raises(InputError, match=message) as error:
        image_folders.check(paint(tmp_path / "mine", sizes), needs_train=True)
    assert "\n" not in str(error.value)


def test_a_class_may_be_called_ground_truth_where_there_are_no_splits(tmp_path):
    folder = paint(tmp_path / "mine", {"ground_truth": 4, "good": 5})
    splits, classes = image_folders.load(folder, 8, 1)
    assert classes == ["good", "ground_truth"] and len(splits["train"][0]) == 9


@pytest.mark.parametrize(
    "name, message",
    [
        ("crack", "anomaly.held_out_class: bottle has no class crack; known: good"),
        ("good", "anomaly.held_out_class: good is the only class of bottle"),
    ],
)
def test_a_class_cannot_be_held_out_of_the_only_one(tmp_path, monkeypatch, name, message):
    folder = paint(tmp_path / "mine", LAYOUT)
    with pytest.raises(InputError, match=message):
        run_stages(folder, monkeypatch, held_out=name)
    assert not (tmp_path / "out.npz").exists()


def test_as_images_of_another_dataset_they_are_the_normal_test_images(tmp_path, monkeypatch):
    paint(tmp_path / "cats", {"tom": 60, "tim": 60})
    out = run_stages(paint(tmp_path / "mine", LAYOUT), monkeypatch, dataset="cats")
    (x,) = files.load_npz(out, "ood_bottle_x")
    assert levels(x) == [*range(100, 112)] and files.defect_names(out) == []


def test_images_of_defects_keep_their_folders_name_wherever_they_are_shuffled_to(tmp_path):
    x, y, _ = image_folders.load(paint(tmp_path / "mine", LAYOUT), 8, 1)[0][DEFECTS]
    assert [name == "crack" for name in y] == [150 <= level < 154 for level in x[:, 0, 0, 0]]


def test_a_source_without_train_has_classes_in_test_and_no_defects(tmp_path):
    splits, classes = image_folders.load(
        paint(tmp_path / "mine", {"test/good": 9, "test/crack": 9}), 8, 1
    )
    assert classes == ["crack", "good"] and splits.keys() == {"test"}
    assert datasets.MIN_IMAGES > 9
