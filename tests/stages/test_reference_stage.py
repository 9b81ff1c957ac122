"""Stages `reference` and `evaluate` as real processes, with Inception of random weights."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from genbench.evaluation.results import FEATURES, METRICS_FILE, NEAREST, Quality, Reference
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier
from genbench.utils import files, provenance

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
N = 10
"""Images in each part: Inception takes a quarter of a second for one."""
BUILD_ARGS = {"image_shape": (3, 16, 16), "classes": 3, "network": "resnet", "width": 4, "lr": 0.1}


@pytest.fixture
def workspace(tmp_path, monkeypatch, scripts_start_at_once):
    """Colour images, an untrained classifier of them, and a sample of as many images."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    arrays = {"classes": np.array(["a", "b", "c"])}
    for part in ("train", "val", "test"):
        plain = random.integers(0, 200, (N, 3, 1, 1), dtype=np.uint8)  # noise is the ceiling
        arrays[f"{part}_x"] = plain + random.integers(0, 50, (N, 3, 16, 16), dtype=np.uint8)
        arrays[f"{part}_y"] = np.arange(N) % 3
    files.save_npz(Path("data.npz"), **arrays)
    x = random.integers(0, 200, (2 * N, 3, 16, 16), dtype=np.uint8)
    labels = np.arange(2 * N) % 3
    files.save_npz(Path("samples/samples.npz"), x=x, labels=labels, ema=np.array(True))
    torch.manual_seed(0)
    checkpoint.save(Path("classifier/weights.pt"), Classifier(**BUILD_ARGS), **BUILD_ARGS)


START = """import runpy, sys
from genbench import params
from genbench.evaluation import extractors
sys.argv.pop(0)
extractors.PUBLISHED_SHA256 = sys.argv.pop(0) or extractors.PUBLISHED_SHA256
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""A stage, to which the file of this sha256 is the published one."""


def choose(**choices):
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["evaluate"] |= {"n": N, "sample_sets": 2, "is_splits": 2} | choices
    Path("params.yaml").write_text(yaml.safe_dump(tree))


def stage(name: str, ok=True, published: str = "", **options) -> str:
    options = {"dataset": "cifar10", "data": "data.npz", "classifier": "classifier", **options}
    words = [word for k, v in options.items() for word in (f"--{k}", v)]
    nowhere = {"https_proxy": "http://127.0.0.1:9", "TORCH_HOME": str(Path.cwd() / "torch")}
    Path("start.py").write_text(START)
    command = ["python", "start.py", published, str(ROOT / "stages" / f"{name}.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | nowhere)
    assert (done.returncode == 0) == ok, done.stderr
    return done.stderr


def reference(**options) -> str:
    return stage("reference", out="reference", **options)


def evaluate(**options) -> str:
    return stage("evaluate", samples="samples", reference="reference", out="evaluate", **options)


def quality() -> Quality:
    return Quality.load(Path("evaluate") / METRICS_FILE)


def test_the_whole_path_runs_with_weights_given_and_says_which(workspace, random_inception):
    weights = random_inception[1]
    choose(extractor="inception", inception_weights=str(weights))
    published = provenance.sha256(weights)
    assert reference(published=published) == "" and evaluate(published=published) == ""
    result = quality()
    real = Reference.of(Path("reference"))
    digests = {r.protocol.extractor_sha256 for r in (result, real)}
    assert digests == {published}
    assert result.protocol.resize.endswith("as in TensorFlow 1")
    assert result.protocol.extractor == "inception" and result.protocol.weights == "averaged"
    assert {"fid", "kid_std", "label_accuracy", "copying_z"} <= set(result.metrics)
    assert real.floor["fid"].value < real.ceiling["fid"].value
    fid = result.metrics["fid"]
    assert fid.low < fid.value < fid.high and len(result.sample_sets["fid"]) == 2
    assert {p.name for p in Path("evaluate").iterdir()} == {METRICS_FILE, FEATURES, NEAREST}

    choose(extractor="inception", inception_weights=str(weights), resize="antialias")
    assert "is not the one that the reference was made with" in evaluate(
        published=published, ok=False
    )


def test_without_weights_and_network_the_stage_says_what_it_fell_back_to(workspace):
    choose()
    message = reference()
    assert "note: features of the classifier instead of Inception: no Inception weights" in message
    assert "evaluate.inception_weights" in message and len(message.splitlines()) == 1
    assert evaluate() == ""
    assert quality().protocol.extractor == "classifier"
