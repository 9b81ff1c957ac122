"""A training whose worker is killed goes on in the next one's folder from its checkpoint."""

import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
from repository import commit, copy_repository
from toy import worker_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("scripts_start_at_once")]
TINY = {
    "models": ["gan"],
    "train": {"images": 60_000, "log_points": 20, "snapshots": 2, "checkpoint_every": 0.2},
    "classifier": {"images": {"cnn": 1000, "resnet": 1000}},
    "sweep": {"models": [], "beta": []},
}


def test_a_training_whose_worker_is_killed_goes_on_from_its_checkpoint(tmp_path):
    folder = copy_repository(tmp_path / "my project", TINY)
    commit(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "genbench.cluster", "repro", "--jobs", "2", "train@digits-gan"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not list(folder.glob(".genbench/checkpoints/digits-gan-*.json")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    (training,) = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "stages/train.py" in child.cmdline()
    ]
    os.kill(worker_of(training.pid), signal.SIGKILL)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "train@digits-gan: the process that ran it was killed; it starts again" in output
    (log,) = folder.glob(".genbench/logs/*/train@digits-gan.txt")
    assert re.search(r"digits-gan-\w+: continues after [\d,]+ images", log.read_text())
    assert not list(folder.glob(".genbench/checkpoints/*"))
