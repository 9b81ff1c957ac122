"""Several processes train every model as one does, up to rounding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from several_processes import CASES

from genbench.training import processes
from genbench.utils.errors import InputError

SCRIPT = str(Path(__file__).parent / "several_processes.py")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
TOLERANCE = 3e-5
"""float32 rounds by 6e-8; sums in another order and five iterations enlarge that, here to 500."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory, programs):
    """What one process computed, and what the two that share a training did."""
    folder = tmp_path_factory.mktemp("trained")
    python = programs / "python"
    env = os.environ | {"PYTHON_EXEC": str(python)}  # by which torchrun starts processes
    commands = ([python, SCRIPT, folder], [*TORCHRUN, SCRIPT, folder])
    running = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE) for command in commands]
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
    return [torch.load(folder / f"{name}.pt") for name in ("alone", "0", "1")]


@pytest.mark.parametrize("name, n", CASES)
def test_two_processes_train_a_model_as_one_does(trained, name, n):
    alone, first, second = (results[name, n] for results in trained)
    change = alone["after"] - alone["before"]
    assert change.norm() > 0.01
    assert (first["after"] - alone["after"]).norm() <= TOLERANCE * change.norm()
    for ours, average in zip(first["averages"], alone["averages"], strict=True):
        torch.testing.assert_close(ours, average, rtol=TOLERANCE, atol=TOLERANCE)
    (row,) = alone["history"]
    for part, value in first["history"][0].items():
        assert value == pytest.approx(row[part], rel=TOLERANCE, abs=TOLERANCE), part
    for key in ("random", "counts"):
        torch.testing.assert_close(first[key], alone[key], rtol=0, atol=0)
    for key in ("after", "averages", "counts", "history", "random"):
        torch.testing.assert_close(first[key], second[key], rtol=0, atol=0)


@pytest.mark.parametrize("name, n", CASES)
def test_each_process_computes_half_of_every_batch(trained, name, n):
    alone, first, second = (results[name, n]["rows"] for results in trained)
    assert alone and [a + b for a, b in zip(first, second, strict=True)] == alone
    assert all(a - b in (0, 1) for a, b in zip(first, second, strict=True))


def test_a_network_that_draws_noise_of_its_own_is_left_to_one_process(trained):
    alone, *several = (results["refusal"] for results in trained)
    assert alone is None
    assert all("is trained by one process" in message for message in several)


def started(monkeypatch, n):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, str(n))
    monkeypatch.setenv("LOCAL_RANK", "0")


@pytest.mark.parametrize(
    "kind, batch_size, message",
    [
        ("cpu", 3, "train.batch_size: 3 images are too few for 4 processes"),
        ("mps", 64, "device: several processes train on cuda or cpu, got mps"),
        ("cuda", 64, "torchrun: 4 processes on a machine with 2 GPUs; start at most one per GPU"),
    ],
)
def test_processes_that_cannot_share_a_training_are_told_why(
    monkeypatch, kind, batch_size, message
):
    started(monkeypatch, 4)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InputError, match=message):
        processes.join(torch.device(kind), batch_size)


def test_one_process_has_the_training_to_itself(monkeypatch):
    started(monkeypatch, 1)
    assert processes.join(torch.device("cpu"), 1) == torch.device("cpu")
    assert processes.count() == 1 and processes.is_first()


def test_a_launcher_starts_the_same_command_once(monkeypatch):
    calls = []
    monkeypatch.setenv("GENBENCH_LAUNCHER", "torchrun --nproc-per-node 2")
    monkeypatch.setattr(os, "execvp", lambda program, words: calls.append((program, words)))
    monkeypatch.setattr(sys, "argv", ["stages/train.py", "--out", "my folder"])
    processes.launch()
    processes.launch()  # as the program that it has started does
    words = ["torchrun", "--nproc-per-node", "2", "stages/train.py", "--out", "my folder"]
    assert calls == [("torchrun", words)]


def test_a_launcher_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("GENBENCH_LAUNCHER", "no-such-program --nproc-per-node 2")
    with pytest.raises(InputError, match="GENBENCH_LAUNCHER: there is no program no-such-program"):
        processes.launch()
