"""MLflow mirrors the workspace: one run per result, never a twin, and nothing depends on it."""

import pickle
import shutil
import sqlite3
import subprocess
from pathlib import Path

import fabricated
import pytest
import torch
import yaml

from genbench.evaluation.results import Quality
from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.params.renamed import first_names
from genbench.tracking import runs as tracked
from genbench.tracking import store, sync
from genbench.tracking.client import mlflow_client
from genbench.tracking.selection import FACTS
from genbench.training.results import load_training
from genbench.trials.results import Trial
from genbench.utils import files, provenance
from genbench.utils.errors import InputError
from genbench.utils.record import Estimate

ROOT = Path(__file__).parents[2]
DATA = Path("data")
DETAILS = Path("metrics/details")
WEIGHTS = Path("data/models/digits/vae/weights.pt")
HISTORY = WEIGHTS.with_name("history.csv")
QUALITY = DETAILS / "evaluate" / "digits" / "vae" / "metrics.json"


def params(experiment: str):
    """The choices under which the results of `write` are sent to an experiment of MLflow."""
    tracked = {"enabled": True, "experiment": experiment, "live_after": 30}
    zoo = {"vae": {"lr": 0.001, "likelihood": "auto", "kl_warmup_images": 0}}
    return fabricated.params(datasets=["digits"], models=["vae"], zoo=zoo, tracking=tracked)


def write(root: Path = Path(), seed: int = 0) -> None:
    """Results of one model and six points of sweeps, as the stages leave them."""
    fabricated.tree(root, datasets=["digits"])
    torch.manual_seed(seed)
    build_args = {"name": "vae", "image_shape": (1, 8, 8), "classes": 10}
    build_args |= params("any").build_args("vae")
    checkpoint.save(root / WEIGHTS, registry.build(**build_args), **build_args)
    for folder in (root / WEIGHTS).parents[1].glob("*-*"):
        (folder / WEIGHTS.name).write_bytes(b"weights of a point")


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
    for folder in (DATA, DETAILS):
        shutil.rmtree(folder, ignore_errors=True)
    write()
    return request.node.name


def client():
    import mlflow

    return mlflow.MlflowClient(store.tracking_store().uri)


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


def other_numbers(fid: float = 1.5) -> None:
    """As a changed `evaluate` measures them, on the same training."""
    quality = Quality.load(QUALITY)
    metrics = quality.metrics | {"fid": Estimate(value=fid)}
    quality.model_copy(update={"metrics": metrics}).save(QUALITY)


def rows(run, group: str) -> dict[str, list]:
    """What the table of a run says about a group: value, low and high by metric."""
    path = Path(client().download_artifacts(run.info.run_id, "details.json"))
    lines = files.load_json(path)["data"]
    return {metric: numbers for metric, *numbers, row_group in lines if row_group == group}


def test_a_run_holds_all_that_is_known_of_a_training(name):
    provenance.save(WEIGHTS, {"seconds": 4, "images_per_second": 15000.0, "device": "cpu"})
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    fid = Quality.load(QUALITY).metrics["fid"]
    assert run.data.metrics["fid_classifier"] == fid.value
    assert run.data.metrics["corruption_auroc"] == 0.8
    assert run.data.metrics["ood_auroc"] == 0.75
    assert run.data.metrics["images_per_second"] == 15000
    assert curve(run, "val/kl") == expected("val/kl")
    assert run.data.params["model.latent_dim"] == "4" and run.data.params["zoo.vae.lr"] == "0.001"
    assert run.data.tags["device"] == "cpu" and run.data.tags["genbench.restored"] == "false"
    assert run.data.tags["genbench.main_score"] == "negative_elbo"
    for headline, value in (("fid_classifier", fid.value), ("corruption_auroc", 0.8)):
        assert curve(run, headline) == [(60000, value)]  # at the end of the training
    assert run.info.status == "FINISHED" and run.info.end_time - run.info.start_time == 4000
    digest = provenance.sha256(DATA / "processed" / "digits.npz")[:16]
    assert run.inputs.dataset_inputs[0].dataset.digest == digest
    stored = {file.path for file in client().list_artifacts(run.info.run_id)}
    folders = {"images", "samples", "latent", "evaluate", "anomaly", "tsne"}
    assert stored == {"history.csv", "summary.json", "details.json", *folders}


def test_warnings_of_a_training_are_a_tag_of_its_run(name):
    path = WEIGHTS.with_name("summary.json")
    warnings = ["mode collapse: all alike", "the critic has won"]
    files.save_json(path, files.load_json(path) | {"alarms": warnings})
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    assert run.data.tags["genbench.alarms"] == "mode collapse: all alike; the critic has won"


def test_a_table_holds_what_is_no_headline(name):
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    fid = Quality.load(QUALITY).metrics["fid"]
    assert rows(run, "quality")["fid"] == [fid.value, fid.low, fid.high]
    assert rows(run, "ood/noise/kl")["fpr95"][0] == 0.4
    assert rows(run, "corruption/blur/negative_elbo")["precision"][0] == 0.952
    assert rows(run, "latent")["mutual_information"][0] == 4.5
    assert rows(run, "embedding")["silhouette"][0] == 0.3
    assert rows(run, "embedding")["real_neighbors"][0] == 0.4
    assert rows(run, "training")["parameters"][0] == 123456 * 4
    assert rows(run, "class/class <b>0</b> & more")["squared_error"][0] == 0.01
    table = client().load_table(run.info.experiment_id, "details.json", [run.info.run_id])
    assert list(table) == ["metric", "value", "low", "high", "group"] and len(table) > 100


def test_a_pipeline_under_way_is_sent_as_far_as_it_has_come(name):
    shutil.rmtree("metrics")
    shutil.rmtree("data/samples")
    sync.send(params(name), DATA, DETAILS)
    (run,) = runs(name)
    assert curve(run, "val/kl") == expected("val/kl") and "genbench.model" in run.data.tags
    assert not [key for key in run.data.metrics if "/" not in key and key not in FACTS]
    stored = {file.path for file in client().list_artifacts(run.info.run_id)}
    assert stored == {"history.csv", "summary.json", "details.json", "images"}
    shutil.rmtree("data/models/digits/vae")
    assert sync.send(params(name), DATA, DETAILS) == 0


def test_the_stored_model_makes_the_images_of_the_weights(name):
    import mlflow

    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    logged = client().get_logged_model(run.data.tags["genbench.model"])
    model = mlflow.pytorch.load_model(logged.artifact_location)
    weights, z = registry.load_model(WEIGHTS), torch.randn(12, 4)
    with torch.no_grad():
        assert torch.equal(model(z), weights.decode(z, torch.arange(12) % 10))
    served = mlflow.pyfunc.load_model(logged.artifact_location)
    assert served.predict(z.numpy()).shape == (12, 1, 8, 8)


def test_a_stored_model_says_how_it_is_loaded_without_running_code(name, monkeypatch):
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    logged = client().get_logged_model(run.data.tags["genbench.model"])
    card = logged.tags["mlflow.note.content"]
    assert "run code that is stored in this model" in " ".join(card.split())
    code = card.partition("```python\n")[2].partition("```")[0]
    for unpickler in (pickle.load, pickle.loads, pickle.Unpickler):
        monkeypatch.setattr(pickle, unpickler.__name__, lambda *_, **__: pytest.fail("a pickle"))
    scope = {}
    exec(code, scope)
    weights, z = registry.load_model(WEIGHTS), torch.randn(12, 4)
    with torch.no_grad():
        assert torch.equal(scope["generator"](z), weights.decode(z, torch.arange(12) % 10))
    assert scope["path"].read_bytes() == WEIGHTS.read_bytes()


OLD_NAMES = {
    "train.log_points": "train.history",
    "evaluate.sample_sets": "evaluate.seeds",
    "evaluate.is_splits": "evaluate.splits",
    "anomaly.iterative.scores": "anomaly.slow.scores",
    "anomaly.iterative.n": "anomaly.slow.n",
    "anomaly.iterative.draws": "anomaly.slow.draws",
    "anomaly.iterative.steps": "anomaly.slow.steps",
    "latent.ppl_samples": "latent.paths",
    "latent.iwae_samples": "latent.draws",
    "tsne.n_neighbors": "tsne.neighbours",
}
"""Keys of params.yaml before 0.1.0, by those of today."""


def old_run(experiment: str, made_of: str) -> str:
    """Make a run as before 0.1.0, with its key, tags and metrics; returns its id."""
    choices = params(experiment).of_run("digits", "vae")
    old = {OLD_NAMES.get(key, key): value for key, value in choices.items()}
    old |= {"zoo.vae.reduction": "sum", "sample.n": choices["evaluate.n"]}
    old |= {"evaluate.bootstrap": 200}
    del old["data_seed"]  # it was the seed
    tags = {"genbench.key": provenance.digest(old), "genbench.made_of": made_of}
    tags |= {"genbench.restored": "false", "genbench.content": "0123456789abcdef"}
    with mlflow_client(experiment) as its:
        run = its.create("digits-vae", 1_700_000_000_000, tags)
        rows = [
            (key, value, 1_700_000_000_000, int(row["images"]))
            for row in files.load_csv(HISTORY)
            for key, value in {**row, "model/bits_per_dim": 1.0}.items()
            if key != "images"
        ]
        its.log(run, [*rows, ("anomaly_auroc", 0.8, 1_700_000_000_000, 60000)], old)
        its.finish(run, "FINISHED")
    return run.info.run_id


def test_a_run_made_before_keys_were_renamed_stays_the_run_of_its_training(name):
    before = old_run(name, provenance.digest(list(map(provenance.sha256, (WEIGHTS, HISTORY)))))
    sync.send(params(name), DATA, DETAILS)
    (run,) = runs(name)
    assert run.info.run_id == before
    assert curve(run, "val/kl") == expected("val/kl")
    assert run.data.metrics["fid_classifier"] == Quality.load(QUALITY).metrics["fid"].value
    assert run.data.params["train.history"] == run.data.params["train.log_points"] == "40"


def test_a_run_made_before_keys_were_renamed_stays_beside_another_training(name):
    before = old_run(name, "another training")
    sync.send(params(name), DATA, DETAILS)
    first, second = sorted(runs(name), key=lambda run: run.info.start_time)
    assert first.info.run_id == before and first.data.tags["genbench.made_of"] == "another training"
    assert second.data.tags["genbench.weights"] == provenance.sha256(WEIGHTS)


def test_points_of_the_grid_are_runs_of_their_own(name):
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name, "digits-vae-16-32-0")
    assert run.data.params["model.latent_dim"] == "16" and run.data.params["model.width"] == "32"
    assert run.data.tags["genbench.stage"] == "sweep"
    assert run.data.tags["genbench.grid"] == "digits-vae"
    assert run.data.tags["genbench.alarms"] == "none"
    point = Trial.load(DETAILS / "sweep" / "digits" / "vae-16-32-0.json")
    assert run.data.metrics["fid_classifier"] == point.metrics["fid"].value
    final = load_training(WEIGHTS.parents[1] / "vae-16-32-0").summary.final
    assert run.data.metrics["val_loss"] == run.data.metrics["val/loss"] == final["val/loss"]
    assert curve(run, "model/loss") == [(500, 30), (1000, 21.5)]


def test_a_second_pass_changes_nothing(name, repository):
    sync.sync(params(name), DATA, DETAILS)
    with sqlite3.connect(repository / "mlflow.db") as file:
        before = list(file.iterdump())
    sync.sync(params(name), DATA, DETAILS)
    with sqlite3.connect(repository / "mlflow.db") as file:
        assert list(file.iterdump()) == before


def test_new_numbers_of_the_same_training_update_its_run(name):
    sync.sync(params(name), DATA, DETAILS)
    (before,) = runs(name)
    other_numbers()
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    assert run.info.run_id == before.info.run_id and run.data.metrics["fid_classifier"] == 1.5
    assert len(curve(run, "kid_classifier")) == 1
    assert curve(run, "val/kl") == expected("val/kl")


def test_another_training_under_the_same_parameters_is_a_run_beside_the_first(name):
    sync.sync(params(name), DATA, DETAILS)
    (before,) = runs(name)
    write(seed=1)
    sync.sync(params(name), DATA, DETAILS)
    by_weights = {run.data.tags["genbench.weights"]: run.info.run_id for run in runs(name)}
    assert len(by_weights) == 2 and provenance.sha256(WEIGHTS) in by_weights
    write()
    sync.sync(params(name), DATA, DETAILS)
    assert {run.info.run_id for run in runs(name)} == set(by_weights.values())


def test_a_store_that_has_lost_everything_is_filled_again(name, repository, monkeypatch):
    sync.sync(params(name), DATA, DETAILS)
    (before,) = runs(name)
    shutil.copy("empty.db", "new.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///new.db")
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    assert run.info.run_id != before.info.run_id and run.data.metrics == before.data.metrics
    assert curve(run, "val/kl") == expected("val/kl")


def test_one_result_that_cannot_be_stored_holds_up_no_other(name):
    Path("data/models/digits/gan/weights.pt").write_bytes(b"no weights")
    both = params(name).model_copy(update={"models": ["gan", "vae"]})
    line = r"^1 of 8 runs are not in MLflow \(digits-gan: .*gan/weights\.pt"
    with pytest.raises(InputError, match=line):
        sync.send(both, DATA, DETAILS)
    (run,) = runs(name)
    assert "genbench.model" in run.data.tags and runs(name, "digits-beta_vae-4-0")


def test_a_queued_experiment_reports_to_the_main_store(name, repository, monkeypatch):
    copy = repository / ".dvc" / "tmp" / "exps" / "tmpabc"
    write(copy)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_EXP_NAME", "brave-idea")
    provenance.save(WEIGHTS, {"seconds": 1})
    sync.sync(params(name), DATA, DETAILS)
    monkeypatch.chdir(repository)
    (run,) = runs(name)
    assert run.data.tags["dvc.experiment"] == "brave-idea" and run.data.metrics["seconds"] == 1
    assert {path.name for path in copy.iterdir()} == {"data", "metrics"}


def test_make_track_refuses_results_of_other_parameters(name, programs):
    shutil.copy(ROOT / "params.yaml", ".")
    then = {"params": {"params.yaml": {"seed": 0, "zoo.vae": {"lr": 0.5}}}}
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": {"train@digits-vae": then}}))
    command = [programs / "python", str(ROOT / "stages" / "track.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    line = "error: train@digits-vae ran with another `zoo.vae` than now: first `dvc repro`\n"
    assert (done.returncode, done.stderr) == (1, line)


def test_make_track_says_what_is_no_lock_of_dvc_and_sends_nothing(name, programs):
    shutil.copy(ROOT / "params.yaml", ".")
    Path("dvc.lock").write_text("<<<<<<< HEAD\nstages: {}\n=======\n")
    command = [programs / "python", str(ROOT / "stages" / "track.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    Path("dvc.lock").unlink()
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: dvc.lock, line 2, column 7: not valid YAML")


def status_and_reason(experiment, result):
    (run,) = runs(experiment, result)
    return run.info.status, run.data.tags.get("genbench.failed")


@pytest.mark.parametrize("model", ["vae", "vae-4-16-0"])
def test_a_training_that_diverged_is_a_failed_run_with_its_curves_and_its_reason(name, model):
    (WEIGHTS.parents[1] / model / WEIGHTS.name).unlink()
    fabricated.diverge(DATA, DETAILS, "digits", model, images=3000)
    sync.sync(params(name), DATA, DETAILS)
    status, reason = status_and_reason(name, f"digits-{model}")
    assert (status, reason) == ("FAILED", "after 3,000 images: model/loss not finite")
    (run,) = runs(name, f"digits-{model}")
    assert "fid_classifier" not in run.data.metrics
    column = "model/loss"
    rows = files.load_csv(DATA / "models" / "digits" / model / "history.csv")
    assert curve(run, column) == [(row["images"], row[column]) for row in rows]
    others = [f"digits-{each}" for each in ("vae", "vae-4-16-0", "vae-4-32-0") if each != model]
    assert [status_and_reason(name, each)[0] for each in others] == ["FINISHED"] * 2


def test_a_training_that_was_killed_is_a_killed_run_until_it_is_finished(name):
    fabricated.kill(DATA, DETAILS, "digits", "vae")
    sync.sync(params(name), DATA, DETAILS)
    status, reason = status_and_reason(name, "digits-vae")
    assert status == "KILLED" and "the training did not finish" in reason
    sync.sync(params(name), DATA, DETAILS)
    assert status_and_reason(name, "digits-vae")[0] == "KILLED"
    write()
    sync.sync(params(name), DATA, DETAILS)
    assert status_and_reason(name, "digits-vae") == ("FINISHED", None)


def test_a_training_that_has_not_begun_is_no_run_while_the_pipeline_may_be_under_way(name):
    fabricated.kill(DATA, DETAILS, "digits", "vae")
    sync.send(params(name), DATA, DETAILS)
    assert runs(name) == []


def test_a_live_run_whose_training_was_killed_keeps_its_curve(name):
    fabricated.kill(DATA, DETAILS, "digits", "vae")
    choices = params(name).of_run("digits", "vae")
    header = {"key": provenance.digest(first_names(choices)), "choices": choices}
    with mlflow_client(name) as live:
        run = tracked.start_live(live, {**header, "name": "digits-vae", "start": 0})
        live.log(run, [("model/loss", 3.0, 0, 500)])
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    assert run.info.status == "KILLED" and curve(run, "model/loss") == [(500, 3.0)]
