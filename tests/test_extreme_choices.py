"""`make repro` with every number at its least."""

import json
import os
import subprocess
import sys

import pytest
from repository import ROOT, commit, copy_repository

pytestmark = pytest.mark.slow
LEAST = {
    "models": ["cvae"],
    "model": {"latent_dim": 1, "width": 4},
    "train": {"images": 1, "batch_size": 2, "log_points": 1, "snapshots": 2, "ema_images": 0},
    "classifier": {"images": {"cnn": 1, "resnet": 1}, "batch_size": 2, "width": 4},
    "evaluate": {"n": 10, "is_splits": 1, "kid_subsets": 1, "kid_subset_size": 2},
    "anomaly": {
        "n": 2,
        "iterative": {
            "scores": ["importance_weighted", "likelihood_regret", "latent_inversion"],
            "n": 2,
            "draws": 1,
            "steps": 1,
        },
    },
    "latent": {"n": 2, "ppl_samples": 2, "iwae_samples": 1},
    "tsne": {"n": 10, "perplexity": 1, "n_neighbors": 1},
    "sweep": {"models": ["vae"], "latent_dim": [1], "width": [4], "beta": [1e-05], "images": 1},
}


def repro(folder):
    """What `make repro` prints, without the set-up of its environment."""
    command = [sys.executable, "-m", "genbench.cluster", "repro", "--jobs", "2"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_run_with_every_number_at_its_least_ends_with_a_report(tmp_path):
    folder = copy_repository(tmp_path / "my project", LEAST)
    commit(folder)
    assert "Traceback" not in repro(folder)
    text = (folder / "metrics" / "summary.json").read_text()
    rows = json.loads(text, parse_constant=pytest.fail)["digits"]
    assert all("fid_classifier" in rows[model] for model in LEAST["models"])
    assert "did not finish" not in (folder / "reports" / "index.html").read_text()
