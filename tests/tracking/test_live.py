"""A training that takes long shows in MLflow while it runs, and never notices MLflow."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import fabricated
import pytest

from genbench.tracking import client, live, sync
from genbench.tracking.client import Client, mlflow_client
from genbench.training import live_logging
from genbench.utils import files, provenance

DATA = Path("data")
DETAILS = Path("metrics/details")
WEIGHTS = Path("data/models/digits/vae/weights.pt")
HISTORY = WEIGHTS.with_name("history.csv")


def params(*, enabled: bool = True, live_after: float = 0):
    """Choices under which a training is shown from its first point on."""
    tracked = {"enabled": enabled, "experiment": "live", "live_after": live_after}
    return fabricated.params(datasets=["digits"], models=["vae"], tracking=tracked)


def train(rows: list[dict], **choices) -> None:
    """A training that logs these rows."""
    with live_logging.live_logging(params(**choices), "digits", "vae") as log:
        for row in rows:
            log(row)


def stored() -> list[tuple]:
    """(run, status, losses logged) of each run of the model that is not deleted."""
    with sqlite3.connect("mlflow.db") as file:
        runs = "select run_uuid, status from runs where lifecycle_stage = 'active' and name = ?"
        losses = "select step, value from metrics where run_uuid = ? and key = 'model/loss'"
        return [
            (run, status, sorted(file.execute(losses, [run])))
            for run, status in file.execute(runs, ["digits-vae"]).fetchall()
        ]


def losses(rows: list[dict]) -> list[tuple]:
    return [(row["images"], row["model/loss"]) for row in rows]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace with the results of a training, and a store."""
    path = tmp_path_factory.mktemp("live")
    fabricated.tree(path, datasets=["digits"])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with mlflow_client("live"):
            return path


@pytest.fixture(autouse=True)
def workspace(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(
        live_logging, "SECONDS_TO_FINISH", 600
    )  # a busy machine must not fail the test


def test_a_short_training_starts_nothing(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    train(files.load_csv(HISTORY), live_after=30)


def test_switched_off_nothing_is_started_or_sent(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    train(files.load_csv(HISTORY), enabled=False)
    monkeypatch.setattr(client, "mlflow_client", None)
    assert sync.send(params(enabled=False), DATA, DETAILS) == 0


def test_a_store_that_is_down_costs_one_warning(monkeypatch, capfd):
    Path("broken.db").write_text("this is no database " * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///broken.db")
    train(files.load_csv(HISTORY))
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("warning: MLflow at sqlite:///") and "not a database" in line


@pytest.fixture
def hanging(monkeypatch):
    """Children that do nothing for a minute."""
    script = Path("hangs")
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script.absolute()))


def test_ctrl_c_waits_for_no_child(hanging):
    start = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        live_logging.live_logging(params(), "digits", "vae") as log,
    ):
        log({"images": 100, "model/loss": 1.0})
        raise KeyboardInterrupt
    assert time.monotonic() - start < 1


def test_low_priority_counts_against_the_training_and_ctrl_c_is_for_the_training(
    hanging, monkeypatch
):
    children, start = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *a, **k: children.append(start(*a, **k)) or children[0]
    )
    with (
        pytest.raises(KeyboardInterrupt),
        live_logging.live_logging(params(), "digits", "vae") as log,
    ):
        log({"images": 100, "model/loss": 1.0})
        raise KeyboardInterrupt
    (child,) = children
    assert os.getsid(child.pid) == os.getsid(0) and os.getpgid(child.pid) == child.pid
    child.kill()
    child.wait()


KILLED = """
import os, signal, time
from test_live import HISTORY, files, live_logging, params, stored
with live_logging.live_logging(params(), "digits", "vae") as log:
    log(files.load_csv(HISTORY)[0])
    while not any(curve for _, _, curve in stored()):
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_child_of_a_training_that_is_killed_ends_its_run_and_itself():
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(fabricated.__file__).parent)])
    env = os.environ | {"PYTHONPATH": os.pathsep.join([path, os.environ.get("PYTHONPATH", "")])}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    training = subprocess.Popen([sys.executable, "-c", KILLED], env=env, **pipes)
    output = training.communicate(timeout=300)  # the child has these pipes: it ends as well
    assert training.returncode == -signal.SIGKILL and output == (b"", b"")
    (run,) = [run for run in stored() if run[1] == "KILLED"]
    assert run[2] == losses(files.load_csv(HISTORY)[:1])


def test_a_child_that_hangs_is_not_waited_for(hanging, monkeypatch):
    monkeypatch.setattr(live_logging, "SECONDS_TO_FINISH", 0.1)
    monkeypatch.setattr(live_logging, "SECONDS_BETWEEN_BATCHES", 0)
    start = time.monotonic()
    train(files.load_csv(HISTORY) * 50)  # more than the pipe holds
    assert time.monotonic() - start < 10


def test_a_live_run_is_completed_by_the_pass_over_the_results(monkeypatch):
    rows = files.load_csv(HISTORY)
    train(rows[:20])
    ((first, status, curve),) = stored()
    assert status == "FINISHED" and curve == losses(rows[:20])
    monkeypatch.setattr(Client, "add_model", lambda *_: "none")
    WEIGHTS.write_bytes(b"weights")
    provenance.save(WEIGHTS, {"seconds": 40})
    sync.send(params(), DATA, DETAILS)
    assert stored() == [(first, "FINISHED", losses(rows))]


def test_a_training_that_broke_off_makes_room_for_the_next(monkeypatch):
    rows = [{"images": 1500, "model/loss": 7.0}]
    header = {"experiment": "live", "name": "digits-vae", "key": "0" * 16, "choices": {"seed": 0}}
    lines = [header | {"start": 0}, {"points": [(1, 1500, {"model/loss": 7.0})]}]
    before = stored()
    live.stream_live_run(map(json.dumps, lines))
    ((first, status, curve),) = [run for run in stored() if run not in before]
    assert status == "KILLED" and curve == losses(rows)
    live.stream_live_run(map(json.dumps, [*lines, {"points": [], "end": "FAILED"}]))
    ((second, status, curve),) = [run for run in stored() if run not in before]
    assert second != first and status == "FAILED" and curve == losses(rows)


def test_facts_are_found_by_the_bytes_of_the_output():
    Path("a").write_bytes(b"weights")
    Path("b").write_bytes(b"weights")
    provenance.save(Path("a"), {"seconds": 1.5, "device": "cpu"})
    assert provenance.load(Path("b")) == {"seconds": 1.5, "device": "cpu"}
    Path("b").write_bytes(b"other weights")
    assert provenance.load(Path("b")) == {}
