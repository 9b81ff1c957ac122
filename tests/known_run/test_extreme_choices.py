"""The whole pipeline with every number at its least, and with far more asked for than there is."""

import json

import pytest
from known import save
from test_other_sources import run_pipeline, spots

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
    "train": {"images": 640, "batch_size": 3000, "log_points": 4, "snapshots": 2},
    "classifier": {"images": {"cnn": 4000, "resnet": 4000}, "batch_size": 3000},
    "evaluate": {"n": 100, "is_splits": 1000, "kid_subset_size": 10**6},
    "anomaly": {"n": 10**6},
    "latent": {"n": 10**6, "ppl_samples": 20},
    "tsne": {"n": 10**6, "perplexity": 1e6, "n_neighbors": 10**6},
    "sweep": {"models": [], "beta": []},
}


@pytest.mark.parametrize("choices", [LEAST, FAR_ABOVE], ids=["least", "far above"])
def test_such_a_run_ends_with_a_report(tmp_path, choices):
    for k, name in enumerate(("a", "b", "c")):
        save(tmp_path / "mine" / name, spots(60, seed=k))
    folder = run_pipeline(tmp_path, choices, like={})
    text = (folder / "metrics" / "summary.json").read_text()
    rows = json.loads(text, parse_constant=pytest.fail)["mine"]
    assert all("fid_classifier" in rows[model] for model in choices["models"])
    assert "did not finish" not in (folder / "reports" / "index.html").read_text()
