"""On a GPU: every stage ends, trainings repeat and continue exactly, and agree with a CPU."""

import copy
import json
import logging

import numpy as np
import pytest
import torch
import yaml
from known import CHOICES, DATASET, VAE, make_images, make_params
from stages_alone import ROOT, expand, link, load_pipeline, run_command

from genbench.models.base import registry
from genbench.params import Params
from genbench.training import run
from genbench.utils import files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU with CUDA"),
]


class Stop(Exception):
    pass


@pytest.fixture
def train(tmp_path, monkeypatch):
    """A function that trains one model on 16x16 color images, and returns what came of it."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    arrays = {"classes": np.array(["a", "b", "c"])}
    for part, n in {"train": 300, "val": 60}.items():
        arrays[f"{part}_x"] = random.integers(0, 256, (n, 3, 16, 16), dtype=np.uint8)
        arrays[f"{part}_y"] = random.integers(0, 3, n)
    files.save_npz(tmp_path / "data.npz", **arrays)
    tree = make_params(tmp_path)
    tree["zoo"][VAE]["perceptual"] = 0.0

    def train(model, on_log=lambda row: None, *, device="cuda", **choices):
        options = tree["train"] | {"images": 1920, "batch_size": 32, "ema_images": 500} | choices
        params = Params.model_validate(tree | {"device": device, "train": options})
        spec = run.TrainingSpec(params, "mine", model, tmp_path / "data.npz", snapshots=2)
        with run.train_model(spec, on_log) as trained:
            return trained

    return train


def same(one, other):
    """Whether two trainings have the same curves, pictures and weights to the last byte."""
    weights = copy.deepcopy(other.model).cpu().state_dict()
    return (
        one.history == other.history
        and all(
            np.array_equal(a[1], b[1]) for a, b in zip(one.snapshots, other.snapshots, strict=True)
        )
        and all(
            torch.equal(value.cpu(), weights[key]) for key, value in one.model.state_dict().items()
        )
    )


@pytest.mark.parametrize("model", registry.NAMES)
def test_a_training_repeats_and_continues_to_the_last_byte(train, model):
    whole = train(model)
    assert whole.failed is None and next(whole.model.parameters()).is_cuda
    assert same(whole, train(model))

    def stop(row):
        if row["images"] > 900:
            raise Stop

    with pytest.raises(Stop):
        train(model, stop, checkpoint_every=1e-9)
    assert same(whole, train(model, checkpoint_every=1e-9))


@pytest.mark.parametrize("model", registry.NAMES)
def test_in_float32_the_first_losses_are_those_of_a_cpu(train, model):
    # dropout and reparameterization draw other numbers on a GPU, so a mean over a few steps
    def first_losses(device):
        torch.manual_seed(0)
        trained = train(model, device=device, images=320, log_points=1, precision="float32")
        row = trained.history[-1]
        return {k: v for k, v in row.items() if k.endswith("/loss") and not k.startswith("val")}

    gpu, cpu = first_losses("cuda"), first_losses("cpu")
    assert gpu.keys() == cpu.keys()
    for key, value in cpu.items():
        assert gpu[key] == pytest.approx(value, rel=0.1, abs=0.2), key


@pytest.mark.parametrize("model", registry.NAMES)
def test_bfloat16_trains_without_a_warning_of_divergence(train, model, caplog):
    with caplog.at_level(logging.WARNING):
        trained = train(model, precision="bfloat16")
    assert trained.failed is None
    assert all(np.isfinite(v) for row in trained.history for v in row.values())


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """Summaries of the tiny run on a CPU and on a GPU."""
    summaries = {}
    for device in ("cpu", "cuda"):
        root = tmp_path_factory.mktemp(device)
        make_images(root / "mine")
        tree = make_params(root / "mine") | {"device": device}
        tree["tracking"] = CHOICES["tracking"] | {"enabled": False}
        folder = root / "run"
        folder.mkdir()
        (folder / "params.yaml").write_text(yaml.safe_dump(tree))
        for name in ("src", "stages"):
            link(folder / name, ROOT / name)
        for stage in expand(load_pipeline(), tree):
            run_command(stage, folder, None)
        summaries[device] = json.loads((folder / "metrics" / "summary.json").read_text())[DATASET]
    return summaries


def test_every_stage_runs_on_a_gpu_and_measures_what_a_cpu_does(pipeline):
    cpu, gpu = pipeline["cpu"], pipeline["cuda"]
    assert {k: v.keys() for k, v in gpu.items()} == {k: v.keys() for k, v in cpu.items()}
    for row in ("floor", "ceiling"):  # of other features, as the classifier was trained there
        assert np.isfinite(list(gpu[row].values())).all()
    assert gpu["ceiling"]["fid_classifier"] > gpu["floor"]["fid_classifier"]
