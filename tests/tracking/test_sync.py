"""MLflow mirrors the workspace: one run per result, never a twin, and nothing depends on it."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import fabricated
import pytest
import torch
import yaml

from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.tracking import store, sync
from genbench.tracking.client import mlflow_client
from genbench.utils import files, provenance
from genbench.utils.errors import InputError

ROOT = Path(__file__).parents[2]
DATA, METRICS, WEIGHTS = Path("data"), Path("metrics"), Path("data/models/digits/vae.pt")
HISTORY = Path("metrics/train/digits/vae/history.csv")


def params(experiment: str):
    """The choices under which the results of `write` are sent to an experiment of MLflow."""
    tracked = {"enabled": True, "experiment": experiment, "live_after": 30}
    zoo = {"vae": {"lr": 0.001, "likelihood": "auto", "kl_warmup_images": 0}}
    return fabricated.params(datasets=["digits"], models=["vae"], zoo=zoo, tracking=tracked)


def write(root: Path = Path(), seed: int = 0) -> None:
    """Results of one model and four points of the grid, as the stages leave them."""
    fabricated.tree(root, datasets=["digits"])
    torch.manual_seed(seed)
    how = {
        "name": "vae",
        "image_shape": (1, 8, 8),
        "classes": 10,
        **params("any").build_args("vae"),
    }
    checkpoint.save(root / WEIGHTS, registry.build(**how), **how)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A folder with a space in its name and a store; making its tables takes seconds."""
    path = tmp_path_factory.mktemp("my work")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with mlflow_client("other"):
            shutil.copy("mlflow.db", "empty.db")
    return path


@pytest.fixture
def name(repository, monkeypatch, request):
    """An experiment for this test alone, in a workspace with fresh results."""
    monkeypatch.chdir(repository)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write()
    return request.node.name


def client():
    import mlflow

    return mlflow.MlflowClient(store.tracking_uri()[0])


def runs(experiment: str, result: str = "digits-vae") -> list:
    """Active runs of an experiment under the name of a result."""
    number = client().get_experiment_by_name(experiment).experiment_id
    return client().search_runs([number], f"attributes.run_name = '{result}'")


def curve(run, column: str) -> list[tuple[int, float]]:
    """Every point that a run holds under this name."""
    points = client().get_metric_history(run.info.run_id, column)
    return sorted((point.step, point.value) for point in points)


def expected(column: str) -> list[tuple[int, float]]:
    """The same by the file that the training wrote."""
    return [(row["images"], row[column]) for row in files.load_csv(HISTORY)]


def test_a_run_holds_all_that_is_known_of_a_training(name):
    provenance.save(WEIGHTS, {"seconds": 4, "images_per_second": 15000.0, "device": "cpu"})
    sync.sync(params(name), DATA, METRICS)
    (run,) = runs(name)
    quality = files.load_json(METRICS / "evaluate" / "digits" / "vae.json")
    numbers = {k: v for k, v in quality.items() if isinstance(v, float)}
    assert "fid_classifier" in numbers and numbers.items() <= run.data.metrics.items()
    ends = [run.data.metrics[f"fid_classifier_{end}"] for end in ("low", "high")]
    assert ends == quality["intervals"]["fid_classifier"]
    scores = files.load_json(METRICS / "anomaly" / "digits" / "vae.json")
    assert run.data.metrics["anomaly_auroc"] == scores["anomaly"]["negative_elbo"]["auroc"]
    assert run.data.metrics["ood_noise_fpr95"] == scores["ood"]["noise"]["kl"]["fpr95"]
    assert run.data.metrics["ood/noise/kl/fpr95"] == scores["ood"]["noise"]["kl"]["fpr95"]
    assert run.data.metrics["images_per_second"] == 15000
    assert curve(run, "val/kl") == expected("val/kl")
    assert run.data.params["model.latent_dim"] == "4" and run.data.params["zoo.vae.lr"] == "0.001"
    assert run.data.tags["device"] == "cpu" and run.data.tags["genbench.restored"] == "false"
    assert run.info.status == "FINISHED" and run.info.end_time - run.info.start_time == 4000
    digest = provenance.sha256(DATA / "processed" / "digits.npz")[:16]
    assert run.inputs.dataset_inputs[0].dataset.digest == digest
    stored = {file.path for file in client().list_artifacts(run.info.run_id)}
    folders = {"snapshots", "samples", "latent", "evaluate", "anomaly", "tsne"}
    assert stored == {"history.csv", "summary.json", *folders}


def test_the_stored_model_makes_the_images_of_the_weights(name):
    import mlflow

    sync.sync(params(name), DATA, METRICS)
    (run,) = runs(name)
    logged = client().get_logged_model(run.data.tags["genbench.model"])
    model = mlflow.pytorch.load_model(logged.artifact_location)
    weights, z = registry.load_model(WEIGHTS), torch.randn(12, 4)
    with torch.no_grad():
        assert torch.equal(model(z), weights.decode(z, torch.arange(12) % 10))
    served = mlflow.pyfunc.load_model(logged.artifact_location)
    assert served.predict(z.numpy()).shape == (12, 1, 8, 8)


def test_points_of_the_grid_are_runs_of_their_own(name):
    sync.sync(params(name), DATA, METRICS)
    (run,) = runs(name, "digits-vae-16-32")
    assert run.data.params["model.latent_dim"] == "16" and run.data.params["model.width"] == "32"
    assert run.data.tags["genbench.stage"] == "sweep"
    assert run.data.tags["genbench.grid"] == "digits-vae"
    assert run.data.tags["genbench.alarms"] == "none"
    point = files.load_json(METRICS / "sweep" / "digits-vae-16-32.json")
    assert run.data.metrics["fid_classifier"] == point["fid_classifier"]
    assert run.data.metrics["val/loss"] == point["final"]["val/loss"]
    assert curve(run, "model/loss") == [(500, 30), (1000, 21.5)]


def test_a_second_pass_changes_nothing(name, repository):
    sync.sync(params(name), DATA, METRICS)
    with sqlite3.connect(repository / "mlflow.db") as file:
        before = list(file.iterdump())
    sync.sync(params(name), DATA, METRICS)
    with sqlite3.connect(repository / "mlflow.db") as file:
        assert list(file.iterdump()) == before


def test_new_numbers_of_the_same_training_update_its_run(name):
    sync.sync(params(name), DATA, METRICS)
    (before,) = runs(name)
    path = METRICS / "evaluate" / "digits" / "vae.json"
    files.save_json(path, files.load_json(path) | {"fid_classifier": 1.5})
    sync.sync(params(name), DATA, METRICS)
    (run,) = runs(name)
    assert run.info.run_id == before.info.run_id and run.data.metrics["fid_classifier"] == 1.5
    assert len(curve(run, "is_classifier")) == 1
    assert curve(run, "val/kl") == expected("val/kl")


def test_other_weights_under_the_same_parameters_replace_the_run(name):
    sync.sync(params(name), DATA, METRICS)
    (before,) = runs(name)
    write(seed=1)
    sync.sync(params(name), DATA, METRICS)
    (run,) = runs(name)
    assert run.info.run_id != before.info.run_id
    assert run.data.tags["genbench.weights"] == provenance.sha256(WEIGHTS)


def test_a_store_that_has_lost_everything_is_filled_again(name, repository, monkeypatch):
    sync.sync(params(name), DATA, METRICS)
    (before,) = runs(name)
    shutil.copy("empty.db", "new.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///new.db")
    sync.sync(params(name), DATA, METRICS)
    (run,) = runs(name)
    assert run.info.run_id != before.info.run_id and run.data.metrics == before.data.metrics
    assert curve(run, "val/kl") == expected("val/kl")


def test_one_result_that_cannot_be_stored_holds_up_no_other(name):
    WEIGHTS.with_stem("gan").write_bytes(b"no weights")
    p = params(name).model_copy(update={"models": ["gan", "vae"]})
    with pytest.raises(InputError, match=r"^1 of 8 runs are not in MLflow \(digits-gan: .*gan\.pt"):
        sync.send(p, DATA, METRICS)
    (kept,) = runs(name)
    assert "genbench.model" in kept.data.tags and runs(name, "digits-beta-4")


def test_a_queued_experiment_reports_to_the_main_store(name, repository, monkeypatch):
    copy = repository / ".dvc" / "tmp" / "exps" / "tmpabc"
    write(copy)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_EXP_NAME", "brave-idea")
    provenance.save(WEIGHTS, {"seconds": 1})
    sync.sync(params(name), DATA, METRICS)
    monkeypatch.chdir(repository)
    (run,) = runs(name)
    assert run.data.tags["dvc.experiment"] == "brave-idea" and run.data.metrics["seconds"] == 1
    assert {path.name for path in copy.iterdir()} == {"data", "metrics"}


def test_make_track_refuses_results_of_other_parameters(name):
    shutil.copy(ROOT / "params.yaml", ".")
    then = {"params": {"params.yaml": {"seed": 0, "zoo.vae": {"lr": 0.5}}}}
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": {"train@digits-vae": then}}))
    command = [sys.executable, str(ROOT / "stages" / "track.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    line = "error: train@digits-vae ran with another `zoo.vae` than now: first `dvc repro`\n"
    assert (done.returncode, done.stderr) == (1, line)
