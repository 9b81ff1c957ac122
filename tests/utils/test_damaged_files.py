"""A file that is not what its stage wrote is one line: which file, and what makes it anew."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier, load_classifier
from genbench.training.results import TrainingSummary
from genbench.utils import failure, files, provenance
from genbench.utils.errors import InputError

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
GAN = {"name": "gan", "image_shape": (1, 8, 8), "classes": 2, **SHIPPED.build_args("gan")}
CLASSIFIER = {"image_shape": (1, 8, 8), "classes": 2, "network": "cnn", "width": 1, "lr": 0.1}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The tests run in a folder without a dvc.lock, which is read at every damage."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def weights():
    """A small classifier's file."""
    path = Path("data/classifiers/digits/weights.pt")
    checkpoint.save(path, Classifier(**CLASSIFIER), **CLASSIFIER)
    return path


def line(read, path) -> str:
    """What is said of a file that cannot be used: one line with its name."""
    with pytest.raises(InputError) as error:
        read(path)
    message = str(error.value)
    assert message.startswith(f"{path} is damaged, or not what its stage writes (")
    assert "\n" not in message
    return message


def load(path):
    return load_classifier(path, torch.device("cpu"))


def test_every_changed_byte_of_weights_is_noticed(weights):
    content = weights.read_bytes()
    for i in range(0, len(content), max(1, len(content) // 500)):
        weights.write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
        line(load, weights)


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_weights_that_end_too_early_are_noticed(weights, share):
    os.truncate(weights, int(share * weights.stat().st_size))
    line(load, weights)


def test_bytes_behind_weights_are_noticed(weights):
    weights.write_bytes(weights.read_bytes() + b"x")
    line(load, weights)


STATE = Classifier(**CLASSIFIER).state_dict()


@pytest.mark.parametrize(
    "stored, reason",
    [
        ({"weights": STATE}, "'build_args'"),
        ({"build_args": CLASSIFIER}, "'weights'"),
        ({"build_args": CLASSIFIER, "weights": {}}, "Missing key"),
        ({"build_args": CLASSIFIER | {"width": 2}, "weights": STATE}, "size mismatch"),
        ({"build_args": CLASSIFIER | {"network": "mlp"}, "weights": STATE}, "'mlp'"),
        ({"build_args": CLASSIFIER | {"depth": 2}, "weights": STATE}, "'depth'"),
        ({"build_args": None, "weights": STATE}, "NoneType"),
        ([STATE], "list indices"),
        ({"build_args": CLASSIFIER, "weights": load}, "Weights only load failed"),
    ],
)
def test_a_file_of_other_content_is_named_whatever_its_digest_says(weights, stored, reason):
    checkpoint.write(weights, stored)
    assert reason in line(load, weights)


@pytest.mark.parametrize("change", [{"name": "gone"}, {"latent_dim": 3}, {"lr": None}])
def test_weights_of_a_model_that_is_no_more_are_named(weights, change):
    checkpoint.save(weights, registry.build(**GAN), **GAN | change)
    line(registry.load_model, weights)


def test_a_file_without_a_digest_is_named_and_not_loaded(weights):
    torch.save({"build_args": CLASSIFIER, "weights": STATE}, weights)
    assert "its bytes are not those that were written" in line(load, weights)


def test_torch_itself_can_read_weights_too(weights):
    stored = torch.load(weights, weights_only=True)
    assert stored["build_args"] == CLASSIFIER
    want = load(weights).state_dict()
    assert all(torch.equal(stored["weights"][name], value) for name, value in want.items())


LOCK = """schema: '2.0'
stages:
  classifier@digits: {cmd: a, outs: [{path: data/classifiers/digits}]}
  train@digits-vae: {cmd: a, outs: [{path: data/models/digits/vae}]}
  sweep_train@digits-vae-2: {cmd: a, outs: [{path: data/models/digits/vae-2}]}
  sweep@digits-vae-2: {cmd: a, outs: [{path: metrics/details/sweep/vae-2.json}]}
"""


@pytest.mark.parametrize(
    "path, stage",
    [
        ("data/classifiers/digits/weights.pt", "classifier@digits"),
        ("data/models/digits/vae/weights.pt", "train@digits-vae"),
        ("data/models/digits/vae-2/snapshots/1.png", "sweep_train@digits-vae-2"),
        ("metrics/details/sweep/vae-2.json", "sweep@digits-vae-2"),
    ],
)
@pytest.mark.parametrize("absolute", [False, True])
def test_the_stage_that_makes_a_file_anew_is_named(path, stage, absolute):
    Path("dvc.lock").write_text(LOCK)
    message = str(files.damaged(Path(path).absolute() if absolute else Path(path), "why"))
    assert message.endswith(f"(why); `dvc repro {stage}` makes it anew")


@pytest.mark.parametrize("lock", [None, "", "a: [", "stages: 1", "stages: {a: 1}", LOCK])
def test_without_its_stage_in_dvc_lock_the_line_says_what_to_do(lock):
    if lock is not None:
        Path("dvc.lock").write_text(lock)
    message = str(files.damaged(Path("data/models/digits/vae2/weights.pt"), "why"))
    assert message.endswith("(why); run the stage that writes it again")


def read_named(path):
    return files.load_npz(path, "a", "b")


def read_all(path):
    arrays = files.load_arrays(path)
    return [arrays["a"], arrays["b"]]


@pytest.mark.parametrize("read", [read_named, read_all])
def test_every_changed_byte_of_arrays_is_noticed_or_changes_nothing(tmp_path, read):
    path = tmp_path / "x.npz"
    arrays = {"a": np.arange(12.0), "b": np.array(["cat", "dog"])}
    files.save_npz(path, **arrays)
    content = path.read_bytes()
    n_noticed = 0
    for i in range(len(content)):
        path.write_bytes(content[:i] + bytes([content[i] ^ 16]) + content[i + 1 :])
        try:
            found = read(path)
        except InputError as error:
            assert str(error).startswith(f"{path} is damaged"), i
            n_noticed += 1
            continue
        assert [value.tolist() for value in found] == [value.tolist() for value in arrays.values()]
    assert n_noticed > 12 * 8 + 2 * 3 * 4  # at least the bytes of the arrays


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("damage", [cut, lambda c: b"", lambda c: b"\x89\xffabc", lambda c: c[9:]])
def test_arrays_numbers_and_tables_that_are_damaged_are_named(tmp_path, damage):
    files.save_npz(tmp_path / "x.npz", a=np.arange(9))
    files.save_json(tmp_path / "x.json", {"images": 1, "loss": 0.5, "list": [1, 2, 3]})
    readers = {
        "x.npz": [files.load_arrays, files.array_names, lambda path: files.load_npz(path, "a")],
        "x.json": [files.load_json, TrainingSummary.load],
    }
    for name, functions in readers.items():
        path = tmp_path / name
        path.write_bytes(damage(path.read_bytes()))
        for function in functions:
            line(function, path)


@pytest.mark.parametrize(
    "text", ["images,loss\n1,half\n", "images,loss\n1,2,3\n", "a\n\0\n", "a,b\n1,2", "a\n\xff"]
)
def test_a_table_of_other_than_numbers_is_named(tmp_path, text):
    path = tmp_path / "history.csv"
    path.write_bytes(text.encode("latin1"))
    line(files.load_csv, path)


def test_what_a_file_does_not_hold_is_named_with_the_file(tmp_path):
    files.save_npz(tmp_path / "x.npz", a=np.arange(9))
    files.save_json(tmp_path / "x.json", {"a": 1})
    for name, read in {"x.npz": files.load_arrays, "x.json": files.load_json}.items():
        assert "it has no ema" in line(lambda path, read=read: read(path)["ema"], tmp_path / name)
    assert "train_x" in line(lambda path: files.load_npz(path, "train_x"), tmp_path / "x.npz")


def test_a_file_that_is_not_there_is_no_damage(tmp_path):
    for read in (files.load_arrays, files.load_json, files.load_csv, load):
        with pytest.raises(FileNotFoundError, match="nothing"):
            read(tmp_path / "nothing")


def test_notes_beside_the_outputs_may_be_damaged():
    Path("output").write_text("x")
    provenance.save(Path("output"), {"seconds": 1})
    (note,) = Path(".genbench/facts").iterdir()
    note.write_bytes(b"\xff")
    assert provenance.load(Path("output")) == {}
    Path(failure.FILE).write_bytes(b"loss not finite\xff")
    assert failure.load(Path()).startswith("loss not finite")
