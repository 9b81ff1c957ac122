"""Stage `train` under torchrun: two processes leave one result, and are continued like one."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from test_train_stage import command, results, start, wait_for_saves, write

from genbench.networks import checkpoint
from genbench.training.results import load_training

pytestmark = pytest.mark.slow
TORCHRUN = ["torchrun", "--standalone", "--nproc-per-node", "2"]
CHOICES = {"images": 6000, "batch_size": 32, "log_points": 20, "snapshots": 3}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data") / "digits.npz", size=8, train=300)


@pytest.fixture(scope="module", autouse=True)
def activated_environment(programs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("PYTHON_EXEC", str(programs / "python"))  # by which torchrun starts processes
        yield


def of_two(folder, data, model="gan", **train):
    """The command of the stage, by two processes."""
    return [*TORCHRUN, *command(folder, data, model, **CHOICES | train)[1:]]


def finish(folder, words):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not list(folder.glob(".genbench/checkpoints/*"))
    return done


def workers(process):
    """The processes that train, in their order."""
    return sorted(psutil.Process(process.pid).children(), key=lambda child: child.environ()["RANK"])


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    return folder, finish(folder, of_two(folder, data, checkpoint_every=0))


def test_two_processes_leave_what_one_does_and_speak_once(data, uninterrupted, tmp_path):
    folder, done = uninterrupted
    alone = subprocess.run(
        command(tmp_path, data, **CHOICES), cwd=tmp_path, capture_output=True, text=True
    )
    lines = [re.sub("[0-9.,]+", "", output.stdout.strip()) for output in (done, alone)]
    assert lines[0] == lines[1]
    assert results(folder).keys() == results(tmp_path).keys()
    several, one = (load_training(f / "out/gan") for f in (folder, tmp_path))
    assert several.summary.images == one.summary.images == several.history[-1]["images"]
    assert several.summary.flops == one.summary.flops
    # 94 iterations of a GAN enlarge rounding, but its first rows are still nearly the same
    for row, expected in zip(several.history[:3], one.history[:3], strict=True):
        assert row == pytest.approx(expected, rel=1e-3)
    stored = [checkpoint.read(training.weights) for training in (several, one)]
    assert stored[0]["build_args"] == stored[1]["build_args"]
    assert stored[0]["weights"].keys() == stored[1]["weights"].keys()
    assert all(value.isfinite().all() for value in stored[0]["weights"].values())


def test_a_killed_process_ends_all_and_a_launcher_goes_on_from_the_checkpoint(
    data, uninterrupted, tmp_path
):
    for rank in (0, 1):
        process = start(tmp_path, of_two(tmp_path, data))
        wait_for_saves(tmp_path, process, 3)
        pair = workers(process)
        pair[rank].send_signal(signal.SIGKILL)
        killed = time.monotonic()
        _, errors = process.communicate()
        assert process.returncode != 0 and time.monotonic() - killed < 20
        assert not any(each.is_running() for each in pair)
        said = re.findall(r"^error: (.*)$", errors, re.M)
        assert all(line.startswith("a process of this training has ended; ") for line in said)
        assert len(said) <= rank, "of the first process alone"
        assert not (tmp_path / "out").exists()
    with pytest.MonkeyPatch.context() as patch:  # several processes where DVC starts one
        patch.setenv("GENBENCH_LAUNCHER", " ".join(TORCHRUN))
        again = finish(tmp_path, command(tmp_path, data, **CHOICES))
    assert len(re.findall(r"continues after [\d,]+ images", again.stdout)) == 1
    assert results(tmp_path) == results(uninterrupted[0])


def test_ctrl_c_saves_once_more_and_says_so_once(data, tmp_path):
    words = of_two(tmp_path, data, images=12_000, checkpoint_every=0.5)
    process = start(tmp_path, words)
    wait_for_saves(tmp_path, process, 1)
    pair = workers(process)
    process.send_signal(signal.SIGINT)
    signaled = time.monotonic()
    _, errors = process.communicate()
    assert process.returncode != 0 and time.monotonic() - signaled < 20
    assert not any(each.is_running() for each in pair)
    (images_seen,) = re.findall(
        r"^interrupted; `dvc repro` continues after ([\d,]+) images$", errors, re.M
    )
    assert not re.search("^error:", errors, re.M)
    assert f"continues after {images_seen} images" in finish(tmp_path, words).stdout


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"batch_size": 2},
            "train.batch_size: 2 images are too few for 3 processes; start at most",
        ),
        ({"batch_size": 1}, "params.yaml: train.batch_size: input should be greater than or equal"),
    ],
)
def test_a_mistake_is_said_once_and_nothing_is_written(data, tmp_path, change, message):
    _, *words = of_two(tmp_path, data, **change)
    words = ["torchrun", "--nproc-per-node", "3", *words[words.index("2") + 1 :]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and not (tmp_path / "out").exists()
    (line,) = re.findall("^error: (.*)$", done.stderr, re.M)
    assert line.startswith(message)
