"""Files are written whole or not at all, and equal content gives equal bytes."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from dvc.utils.serialize import load_yaml

from genbench import params
from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.utils import files, images, paths, provenance

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
SCALARS = "1e-05 1e5 1.0e-5 yes on No 010 0o10 09 0x1F 1_000 12:30:45 ~ null True .inf 1. +1 '1'"
SCALARS = SCALARS.split()


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    with files.atomic_write(path) as new:
        new.write_text("first")
    with pytest.raises(RuntimeError), files.atomic_write(path) as new:
        new.write_text("half")
        raise RuntimeError
    assert path.read_text() == "first" and os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("inner", ["", "inner.txt", "a/b/inner.txt"])
def test_a_full_disk_is_said_of_the_file_itself_and_not_of_its_temporary_name(tmp_path, inner):
    path = tmp_path / "out"

    def write():
        with files.atomic_write(path) as new:
            raise OSError(28, "No space left on device", str(new / inner) if inner else None)

    with pytest.raises(OSError) as error:
        write()
    assert str(error.value) == f"[Errno 28] No space left on device: '{path / inner}'"
    assert os.listdir(tmp_path) == []


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "folder"
    for name in ("old", "new"):
        with files.atomic_write(path) as new:
            new.mkdir()
            (new / name).touch()
    assert os.listdir(path) == ["new"] and os.listdir(tmp_path) == ["folder"]


def test_a_queued_experiment_finds_the_main_repository(tmp_path):
    copy = tmp_path / "my repo" / ".dvc" / "tmp" / "exps" / "standalone" / "tmpabc"
    assert paths.main_repository(copy) == tmp_path / "my repo"
    assert paths.main_repository(tmp_path / "my repo") == tmp_path / "my repo"


def test_a_stage_beside_others_keeps_its_checkpoints_in_the_main_repository(tmp_path, monkeypatch):
    copy = tmp_path / "my repo" / ".genbench" / "workers" / "0a1b" / "0"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    assert paths.checkpoints() == tmp_path / "my repo" / ".genbench" / "checkpoints"


def test_relative_paths_of_the_user_start_at_the_main_repository(tmp_path, monkeypatch):
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "x"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("GENBENCH_MIRROR", "../mirror")
    assert paths.mirror() == tmp_path / "../mirror"
    assert paths.resolve("/absolute") == Path("/absolute")


@pytest.mark.parametrize("shape", [(5, 1, 8, 8), (5, 3, 8, 8)])
def test_arrays_come_back_and_equal_arrays_are_equal_bytes(tmp_path, shape):
    x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for name in ("a", "b"):
        arrays = {"train_x": x, "test_y": x[:, 0, 0, 0], "ood_names": np.array(["noise"])}
        files.save_npz(tmp_path / name / "x.npz", **arrays)
    assert (tmp_path / "a/x.npz").read_bytes() == (tmp_path / "b/x.npz").read_bytes()
    assert np.array_equal(files.load_npz(tmp_path / "a/x.npz", "train_x")[0], x)
    assert files.ood_names(tmp_path / "a/x.npz") == ["noise"]


def test_the_bytes_of_arrays_are_the_same_in_every_python(tmp_path):
    """zipfile says that a file may be large in other words since 3.11.4, if numpy asks for it."""
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "name": np.array("ü")}
    files.save_npz(tmp_path / "a.npz", **arrays)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        for entry in archive.infolist():
            assert (entry.create_version, entry.extract_version, entry.create_system) == (20, 20, 3)
            assert (entry.date_time, entry.extra) == ((1980, 1, 1, 0, 0, 0), b"")
            assert entry.external_attr >> 16 == 0o644
    digest = hashlib.sha256((tmp_path / "a.npz").read_bytes()).hexdigest()
    assert digest == "38b0c785f6507cf82b4237cf0b3a9e463819444838e09e55352588693c1c5327"
    loaded = files.load_arrays(tmp_path / "a.npz")
    assert np.array_equal(loaded["x"], arrays["x"]) and loaded["name"] == "ü"


def test_every_grey_value_survives_the_model_range():
    x = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(images.to_uint8(images.to_float(x)), x)
    assert images.to_float(x).aminmax() == (-1, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_shows_every_pixel_enlarged_and_unchanged(channels):
    x = np.random.default_rng(1).integers(0, 256, (5, channels, 8, 8), dtype=np.uint8)
    picture = images.grid(x, 3, pixels=16, gap=2)
    assert picture.shape == (2 * 18 - 2, 3 * 18 - 2, 3)
    fourth = picture[18 : 18 + 16 : 2, 0:16:2].transpose(2, 0, 1)
    assert np.array_equal(fourth, np.broadcast_to(x[3], (3, 8, 8)))
    assert (picture[18:, 36:] == 255).all()


def test_pairs_stand_one_above_the_other():
    x = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 8, 8), np.uint8)
    picture = images.rows_in_pairs(x, 100 + x, 3)
    tiles = picture[::66, ::66, 0]
    assert tiles.tolist() == [[0, 1, 2], [100, 101, 102], [3, 4, 5], [103, 104, 105]]


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert provenance.digest({"a": 1, "b": [2]}) == provenance.digest({"b": [2], "a": 1})
    assert provenance.digest({"a": 1}) != provenance.digest({"a": 2})


def test_numbers_are_rounded_sorted_and_read_back(tmp_path):
    path = tmp_path / "n.json"
    files.save_json(path, {"b": 1 / 3, "a": {"n": 12345678, "x": [1e-9]}})
    assert path.read_text().index('"a"') < path.read_text().index('"b"')
    assert files.load_json(path) == {"b": 0.333333, "a": {"n": 12345678, "x": [1e-9]}}


def test_a_number_that_is_not_finite_is_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "n.json"
    files.save_json(path, {"a": 1.0})
    with pytest.raises(FloatingPointError, match=r"n.json: a result is nan; nothing is written"):
        files.save_json(path, {"a": float("nan")})
    assert files.load_json(path) == {"a": 1}


def test_rows_with_different_columns_share_a_table(tmp_path):
    rows = [{"images": 1, "a/loss": 0.5}, {"images": 2, "b/loss": 2 / 3}]
    files.save_csv(tmp_path / "h.csv", rows)
    assert files.load_csv(tmp_path / "h.csv") == [rows[0], {"images": 2, "b/loss": 0.666667}]


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16)], ids=str)
def test_a_model_comes_back_from_its_file_alone(tmp_path, name, shape):
    how = {"name": name, "image_shape": shape, "classes": 10, **SHIPPED.build_args(name)}
    model = registry.build(**how).to(memory_format=torch.channels_last).eval()
    for folder in ("a", "b"):
        checkpoint.save(tmp_path / folder / "m.pt", model, **how)
    assert (tmp_path / "a/m.pt").read_bytes() == (tmp_path / "b/m.pt").read_bytes()
    z, y = torch.randn(3, model.latent_dim), torch.arange(3)
    again = registry.load_model(tmp_path / "a/m.pt")
    assert torch.equal(again.decode(z, y), model.decode(z, y)) and not again.training


def run(body, **env):
    code = f"from genbench.utils import cli, errors\ndef main():\n    {body}\ncli.run(main)"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})


def test_a_users_mistake_is_one_line_and_exit_code_1():
    done = run("raise errors.InputError('size: got 7,\\n  8 to 64 allowed')")
    assert (done.returncode, done.stderr) == (1, "error: size: got 7, 8 to 64 allowed\n")


def test_a_mistake_of_ours_keeps_its_traceback():
    assert "Traceback" in run("raise ValueError('bug')").stderr
    assert "Traceback" in run("raise errors.InputError('x')", GENBENCH_TRACEBACK="1").stderr


def test_ctrl_c_is_one_line_while_a_stage_imports_and_while_it_runs():
    line = "interrupted; `dvc repro` starts this stage again\n"
    done = run("raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, line)
    importing = [sys.executable, "-c", "import genbench\nraise KeyboardInterrupt"]
    assert subprocess.run(importing, capture_output=True, text=True).stderr == line


@pytest.mark.parametrize(
    "message, size",
    [
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1610612736 bytes", 1.5),
        ("CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity", 1.5),
    ],
)
def test_out_of_memory_says_how_much_was_asked_for_and_what_to_lower(message, size):
    done = run(f"raise RuntimeError({message!r})")
    line = f"error: out of memory: {size:.2f} GiB more were asked for; lower train.batch_size, "
    assert done.returncode == 1 and done.stderr.startswith(line) and done.stderr.count("\n") == 1


def test_another_runtime_error_is_ours():
    assert "Traceback" in run("raise RuntimeError('shapes do not match')").stderr


@pytest.mark.parametrize("text", SCALARS)
def test_a_value_is_read_as_dvc_reads_it(tmp_path, text):
    (tmp_path / "file.yaml").write_text(f"key: {text}\n")
    ours, theirs = (load(tmp_path / "file.yaml")["key"] for load in (files.load_yaml, load_yaml))
    assert ours == theirs and type(ours) is type(theirs)
