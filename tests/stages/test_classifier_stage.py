"""Stage `classifier`: from which interrupted training it may continue."""

import runpy
from pathlib import Path

import fabricated
import numpy as np
import pytest

from genbench import params
from genbench.utils import files

STAGE = Path(__file__).parents[2] / "stages" / "classifier.py"


class Reached(Exception):
    """The checkpoint was asked for; its argument is the key."""


def key_of(monkeypatch, tmp_path, data_seed=0, train=None, pixels=0, **classifier):
    """What names the checkpoint of a classifier under some choices and data."""
    choices = fabricated.params(
        data_seed=data_seed,
        train=fabricated.TREE["train"] | (train or {}),
        classifier=fabricated.TREE["classifier"] | classifier,
    )
    monkeypatch.setattr(params, "load", lambda: choices)
    x = np.full((12, 1, 8, 8), pixels, np.uint8)
    arrays = {"train_x": x, "train_y": np.arange(12) % 3, "classes": np.array(list("abc"))}
    files.save_npz(tmp_path / "data.npz", **arrays)
    main = runpy.run_path(str(STAGE))["main"]

    def checkpoint(name, key, every):
        raise Reached(name, key)

    monkeypatch.setitem(main.__globals__, "Checkpoint", checkpoint)
    with pytest.raises(Reached) as reached:
        main("digits", tmp_path / "data.npz", tmp_path / "out")
    name, key = reached.value.args
    assert name == "classifier-digits"
    return repr(key)


CHANGES = [
    {"data_seed": 1},
    {"pixels": 9},
    {"train": {"precision": "tf32"}},
    {"train": {"deterministic": False}},
    {"network": "resnet"},
    {"images": {"cnn": 2000, "resnet": 1000}},
    {"batch_size": 6},
    {"lr": 0.01},
    {"width": 12},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_checkpoint_of_other_choices_or_data_is_not_continued(monkeypatch, tmp_path, change):
    assert key_of(monkeypatch, tmp_path, **change) != key_of(monkeypatch, tmp_path)


@pytest.mark.parametrize("change", [{"threads": 1}, {"checkpoint_every": 5}], ids=str)
def test_one_that_differs_in_nothing_that_counts_is(monkeypatch, tmp_path, change):
    assert key_of(monkeypatch, tmp_path, train=change) == key_of(monkeypatch, tmp_path)
