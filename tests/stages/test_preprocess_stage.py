"""The stage `preprocess` says how many images of a dataset are copies of others."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from genbench import params
from genbench.data.copies import describe_copies
from genbench.params import schema
from genbench.results.processed import load_processed
from genbench.utils import files

STAGES = Path(__file__).parents[2] / "stages"


def different(n):
    """Images (n, 1, 2, 2), no two alike, some with the same pixels in another order."""
    levels = np.unravel_index(np.arange(n), (3, 3, 3, 3))
    return np.stack(levels, 1).reshape(n, 1, 2, 2).astype(np.uint8)


def processed(folder, monkeypatch, copied):
    """A dataset of 40 training and 12 test images, of which some are training images."""
    (folder / "train" / "a").mkdir(parents=True), (folder / "test" / "a").mkdir(parents=True)
    for i in range(52):
        part = "train" if i < 40 else "test"
        level = i if i < 52 - copied else i - 12
        Image.new("L", (9, 9), level).save(folder / part / "a" / f"{i}.png")
    choices = SimpleNamespace(
        data_seed=0,
        split=schema.Split(val=0.1, test=0.25, train=None),
        data={"mine": schema.Data(path=str(folder), size=8, channels=1)},
        anomaly=SimpleNamespace(held_out_class=None),
    )
    monkeypatch.setattr(params, "load", lambda: choices)
    raw, out = folder.parent / "raw", folder.parent / "mine.npz"
    runpy.run_path(str(STAGES / "download.py"))["main"]("mine", raw)
    runpy.run_path(str(STAGES / "preprocess.py"))["main"]("mine", raw, out)
    return out


def test_images_that_repeat_are_counted_in_all_parts_and_test_images_in_training_ones():
    x = different(60)
    assert describe_copies(x[:40], x[40:50], x[50:]) == ""
    train = np.concatenate([x[:40], x[:2], x[:2]])
    val = np.concatenate([x[40:50], x[5:6]])
    test = np.concatenate([x[50:], x[7:10], x[40:41], x[7:8]])
    assert describe_copies(train, val, test) == (
        "10 of 70 images are copies of others; 4 of 15 test images are training images too."
    )


def test_copies_are_said_when_a_dataset_is_made_and_kept_for_the_report(
    tmp_path, monkeypatch, capsys
):
    path = processed(tmp_path / "mine", monkeypatch, copied=3)
    x = dict(zip(("train", "test"), files.load_npz(path, "train_x", "test_x"), strict=True))
    seen = (x["test"][:, None] == x["train"]).all((2, 3, 4)).any(1).sum()
    text = f"3 of 52 images are copies of others; {seen} of 12 test images are training images too."
    assert seen > 0 and load_processed(path).copies == text
    assert f"mine: copies {text}\n" in capsys.readouterr().out


def test_where_no_image_repeats_nothing_is_said(tmp_path, monkeypatch, capsys):
    path = processed(tmp_path / "mine", monkeypatch, copied=0)
    assert load_processed(path).copies == "" and "copies" not in files.array_names(path)
    assert "copies" not in capsys.readouterr().out
