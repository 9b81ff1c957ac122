"""`make repro` where models fail: one diverges, one is killed, and the others are reported."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from repository import commit, copy_repository

TINY = {
    "models": ["gan", "vae", "cgan"],
    "model": {"width": 8},
    "train": {"images": 40_000, "log_points": 20, "snapshots": 2, "checkpoint_every": 0.2},
    "classifier": {"images": {"cnn": 4000, "resnet": 4000}},
    "evaluate": {"n": 100, "kid_subsets": 10, "kid_subset_size": 50},
    "anomaly": {"n": 100},
    "latent": {"n": 50, "ppl_samples": 20},
    "tsne": {"n": 40},
    "sweep": {"models": ["vae"], "images": 1000, "latent_dim": [2], "width": [4], "beta": []},
}
REASON = "model/loss and 5 more not finite; try a lower learning rate"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("scripts_start_at_once")]


def start(folder):
    """`make repro` without the set-up of its environment, in a process group as a terminal has."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
    return subprocess.Popen(
        [sys.executable, "-m", "genbench.cluster", "repro", "--jobs", "1"],
        cwd=folder,
        env=env,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_checkpoint(folder, process, since=()):
    """Wait until the training of `gan` has saved its state, and return how many images it saw."""
    while True:
        assert process.poll() is None, process.communicate()
        for note in folder.glob(".genbench/checkpoints/digits-gan-*.json"):
            images = json.loads(note.read_text())["images"]
            if images not in since:
                return images
        time.sleep(0.02)


def kill_training(folder):
    """kill -9 of the process that trains `gan` in this folder and no other."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
            here = (entry / "cwd").resolve() == folder.resolve()
        except OSError:
            continue
        if here and "stages/train.py" in words and "gan" in words:
            os.kill(int(entry.name), signal.SIGKILL)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A repository in which `vae` has diverged and the training of `gan` was killed."""
    folder = copy_repository(tmp_path_factory.mktemp("failing") / "my project", TINY)
    tree = yaml.safe_load((folder / "params.yaml").read_text())
    tree["zoo"]["vae"]["lr"] = 1.0
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    commit(folder)
    process = start(folder)
    wait_for_checkpoint(folder, process)
    kill_training(folder)
    output, _ = process.communicate(timeout=400)
    return folder, process.returncode, output


def status_in_store(folder):
    """By name, the status and the reason of every run in the MLflow store."""
    with sqlite3.connect(folder / "mlflow.db") as store:
        rows = store.execute(
            "select r.name, r.status, t.value from runs r left join tags t"
            " on t.run_uuid = r.run_uuid and t.key = 'genbench.failed'"
            " where r.lifecycle_stage = 'active'"
        )
        return {name: (status, reason) for name, status, reason in rows}


def test_the_third_model_is_reported_and_what_became_of_the_two(project):
    folder, code, output = project
    assert code == 1 and "Traceback" not in output
    assert output.splitlines()[-1].startswith("error: a stage failed, reports/index.html says")
    rows = json.loads((folder / "metrics" / "summary.json").read_text())["digits"]
    assert "fid_classifier" in rows["cgan"]
    for model in ("gan", "vae", "sweep-vae-2-4-0"):
        assert rows[model].keys() == {"failed_after_images"} and rows[model]["failed_after_images"]
    page = (folder / "reports" / "index.html").read_text()
    for model, reason in (("vae", REASON), ("gan", "the training did not finish")):
        images = rows[model]["failed_after_images"]
        assert f"{model} failed after {images:,} images: {reason}" in page
    assert "cgan has the lowest FID" in page
    found = status_in_store(folder)
    assert found["digits-cgan"] == ("FINISHED", None)
    assert found["digits-vae"][0] == "FAILED" and REASON in found["digits-vae"][1]
    assert found["digits-gan"][0] == "KILLED" and "did not finish" in found["digits-gan"][1]


def test_ctrl_c_ends_the_run_and_not_the_stage_alone_and_the_next_run_goes_on(project):
    folder, _, _ = project
    path = folder / "params.yaml"
    path.write_text(path.read_text().replace("lr: 1.0", "lr: 0.001", 1))
    saved = json.loads(next(folder.glob(".genbench/checkpoints/digits-gan-*.json")).read_text())
    process = start(folder)
    wait_for_checkpoint(folder, process, since=[saved["images"]])
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in output
    assert output.splitlines()[-1] == "interrupted; `make repro` goes on"
    after = output.partition("interrupted; `dvc repro` continues")[2]
    assert after and "Running stage" not in after

    process = start(folder)
    output, _ = process.communicate(timeout=400)
    assert process.returncode == 0, output
    assert "digits-gan-" in output and "continues after" in output
    rows = json.loads((folder / "metrics" / "summary.json").read_text())["digits"]
    assert all("fid_classifier" in rows[model] for model in TINY["models"])
    assert {status for status, _ in status_in_store(folder).values()} >= {"FINISHED"}
    page = (folder / "reports" / "index.html").read_text()
    assert "failed after" not in page


def test_a_mistake_in_params_ends_the_run_without_a_report(project):
    folder, _, _ = project
    path = folder / "params.yaml"
    text = path.read_text()
    before = (folder / "reports" / "index.html").stat().st_mtime_ns
    path.write_text(text.replace("- gan\n", "- gann\n", 1))
    process = start(folder)
    output, _ = process.communicate(timeout=60)
    path.write_text(text)
    assert process.returncode == 1 and "models: unknown gann" in output
    assert "Running stage 'report'" not in output and "Traceback" not in output
    assert (folder / "reports" / "index.html").stat().st_mtime_ns == before
