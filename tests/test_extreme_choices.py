"""`make repro` with every number at its least, and with far more asked for than there is."""

import json
import os
import subprocess
import sys

import pytest
import yaml
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
FAR_ABOVE = {
    "models": ["cvae"],
    "train": {"batch_size": 3000},
    "classifier": {"batch_size": 3000},
    "evaluate": {"n": 100, "is_splits": 1000, "kid_subset_size": 10**6},
    "anomaly": {"n": 10**6},
    "latent": {"n": 10**6},
    "tsne": {"n": 10**6, "perplexity": 1e6, "n_neighbors": 10**6},
    "sweep": {"models": [], "beta": []},
}


def repro(folder):
    """What `make repro` prints, without the set-up of its environment."""
    command = [sys.executable, "-m", "genbench.cluster", "repro", "--jobs", "2"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_run_ends_with_a_report_of_numbers_at_the_least_and_far_above_what_there_is(tmp_path):
    folder = copy_repository(tmp_path / "my project", LEAST)
    commit(folder)
    for models in (LEAST["models"], FAR_ABOVE["models"]):
        assert "Traceback" not in repro(folder)
        text = (folder / "metrics" / "summary.json").read_text()
        rows = json.loads(text, parse_constant=pytest.fail)["digits"]
        assert all("fid_classifier" in rows[model] for model in models)
        assert "did not finish" not in (folder / "reports" / "index.html").read_text()
        tree = yaml.safe_load((folder / "params.yaml").read_text())
        for key, value in FAR_ABOVE.items():
            tree[key] = tree[key] | value if isinstance(value, dict) else value
        (folder / "params.yaml").write_text(yaml.safe_dump(tree))
