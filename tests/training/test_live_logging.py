"""What a training sends to the process that keeps MLflow: every row once, in order."""

import json
import sys
from pathlib import Path

import fabricated
import pytest

from genbench.training import live_logging

ROWS = [{"images": 100 * n, "model/loss": 9.0 - n, "val/loss": n / 2} for n in range(1, 5)]


@pytest.fixture(autouse=True)
def child(tmp_path, monkeypatch):
    """In place of Python, a script that keeps what it is sent."""
    script = tmp_path / "keeps"
    script.write_text(f"#!/bin/sh\nexec cat >{tmp_path}/sent\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setattr(live_logging, "SECONDS_TO_FINISH", 60)
    return tmp_path / "sent"


@pytest.fixture
def now(monkeypatch):
    """Seconds on a clock that is set by hand."""
    seconds = [0.0]
    monkeypatch.setattr(live_logging.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(live_logging.time, "time_ns", lambda: int(seconds[0] * 1e9))
    return seconds


def train(now, *, seed=0, model="vae", error=None):
    """A training with a row each second, of which nothing is shown before 2.5 seconds."""
    tracking = {"enabled": True, "experiment": "mine", "live_after": 2.5}
    params = fabricated.params(seed=seed, tracking=tracking)
    with live_logging.live_logging(params, "digits", model) as log:
        for row in ROWS:
            now[0] += 1
            log(row)
        if error:
            raise error


def read(child: Path) -> list[dict]:
    return [json.loads(line) for line in child.read_text().splitlines()]


def test_every_row_is_sent_once_with_its_time_after_a_header_of_the_run(child, now):
    train(now)
    header, *messages = read(child)
    assert (header["experiment"], header["name"]) == ("mine", "digits-vae")
    assert header["start"] == 0 and header["choices"]["dataset"] == "digits"
    points = [point for message in messages for point in message["points"]]
    assert points == [
        [1000 * n, row["images"], {k: v for k, v in row.items() if k != "images"}]
        for n, row in enumerate(ROWS, 1)
    ]
    assert len(messages[0]["points"]) == 3 and messages[-1]["end"] == "FINISHED"
    assert not any("end" in message for message in messages[:-1])


def test_a_run_is_of_its_choices(child, now):
    keys = []
    for change in ({}, {}, {"seed": 1}, {"model": "gan"}):
        train(now, **change)
        keys.append(read(child)[0]["key"])
    assert keys[0] == keys[1] and len(set(keys)) == 3


def test_a_training_that_fails_says_so(child, now):
    with pytest.raises(ValueError):
        train(now, error=ValueError())
    assert read(child)[-1]["end"] == "FAILED"
