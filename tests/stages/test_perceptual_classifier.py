"""Stages `perceptual_classifier` and `train` as real processes: a loss in its features."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier
from genbench.utils import files

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
BUILD_ARGS = {"image_shape": (3, 8, 8), "classes": 3, "width": 4, "lr": 0.001, "network": "resnet"}


@pytest.fixture
def workspace(tmp_path, monkeypatch, scripts_start_at_once):
    """A small dataset and an untrained classifier of it."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    arrays = {"classes": np.array(["a", "b", "c"])}
    for part in ("train", "val"):
        arrays[f"{part}_x"] = random.integers(0, 256, (60, 3, 8, 8), dtype=np.uint8)
        arrays[f"{part}_y"] = np.arange(60) % 3
    files.save_npz(Path("data.npz"), **arrays)
    torch.manual_seed(0)
    checkpoint.save(Path("classifier/weights.pt"), Classifier(**BUILD_ARGS), **BUILD_ARGS)


def history(perceptual: float) -> list[dict]:
    """The curves of a res_vae that was trained with this weight."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["models"] = ["gan", "res_vae"]
    tree["sweep"]["models"] = []
    tree["model"] |= {"latent_dim": 4, "width": 4}
    tree["train"] |= {"images": 640, "log_points": 2}
    tree["zoo"]["res_vae"]["perceptual"] = perceptual
    Path("params.yaml").write_text(yaml.safe_dump(tree))
    stage("perceptual_classifier", "--classifier", "classifier", "--out", "perceptual")
    options = {"dataset": "digits", "model": "res_vae", "data": "data.npz", "out": "res_vae"}
    options["perceptual"] = "perceptual/res_vae.pt"
    stage("train", *(word for k, v in options.items() for word in (f"--{k}", v)))
    return files.load_csv(Path("res_vae/history.csv"))


def stage(name: str, *words: str) -> None:
    script = str(ROOT / "stages" / f"{name}.py")
    done = subprocess.run(["python", script, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_only_a_model_that_looks_through_the_classifier_gets_it_and_records_the_distance(workspace):
    plain, seeing = history(0.0), history(3000.0)
    given = {p.name: p.read_bytes() for p in Path("perceptual").iterdir()}
    assert given == {
        "gan.pt": b"not used\n",
        "res_vae.pt": Path("classifier/weights.pt").read_bytes(),
    }
    assert "model/perceptual" not in plain[0]
    for row in seeing:  # the KL has next to no weight so early
        distance = 3000 * row["model/perceptual"]
        assert distance > 0.1 * row["model/reconstruction"]
        assert row["model/loss"] == pytest.approx(row["model/reconstruction"] + distance, rel=0.01)


def test_the_classifier_of_the_loss_is_no_part_of_the_model(workspace):
    history(3.0)
    stored = checkpoint.read(Path("res_vae/weights.pt"))["weights"]
    parts = {name.split(".")[0] for name in stored}
    assert parts == {"encoder", "decoder", "likelihood", "images_seen"}
    registry.load_model(Path("res_vae/weights.pt"))
