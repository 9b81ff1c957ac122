"""What MLflow's own pages show: numbers in columns, descriptions, snapshots, the report."""
# ruff: noqa: F401, F811  fixtures of test_sync

import json
import runpy
import shutil
import sqlite3
from pathlib import Path

import pytest
from PIL import Image
from test_sync import (
    DATA,
    DETAILS,
    WEIGHTS,
    client,
    name,
    other_numbers,
    params,
    repository,
    runs,
)

import genbench.params
from genbench.report.page import load_whole
from genbench.tracking import sync
from genbench.tracking.client import mlflow_client
from genbench.tracking.content import collect
from genbench.tracking.report import NAME, Report
from genbench.tracking.view import KIND_TAG, VIEW_TAG
from genbench.utils import files, provenance

ROOT = Path(__file__).parents[2]
STEPS = [0, 20000, 40000, 60000]


def tags(experiment: str) -> dict[str, str]:
    return client().get_experiment_by_name(experiment).tags


def state(experiment: str) -> dict:
    """What the saved view of an experiment says, as MLflow's page reads it."""
    return json.loads(json.loads(tags(experiment)[VIEW_TAG])["state"])


def images_of(run) -> dict[int, list[str]]:
    """By step, the names of the full pictures that MLflow holds of the snapshots."""
    by_step: dict[int, list[str]] = {}
    for file in client().list_artifacts(run.info.run_id, "images"):
        key, _, step, *_ = Path(file.path).name.split("+")
        assert key == "snapshots"
        if file.path.endswith(".png"):
            by_step.setdefault(int(step), []).append(file.path)
    return by_step


def test_the_page_of_runs_sorts_by_fid_and_has_the_headlines_in_their_order(name):
    provenance.save(WEIGHTS, {"seconds": 4})
    sync.sync(params(name), DATA, DETAILS)
    view = state(name)
    assert view["orderByKey"] == "metrics.`fid_classifier`" and view["orderByAsc"] is True
    columns = view["selectedColumns"]
    assert columns[:3] == [f"metrics.`{key}_classifier`" for key in ("fid", "kid", "precision")]
    (run,) = runs(name)
    assert {column.split("`")[1] for column in columns} <= run.data.metrics.keys() | {"Source"}
    assert view["columnOrder"] == columns and "metrics.`seconds`" not in columns
    assert tags(name)[KIND_TAG] == "custom_model_development"


def test_the_page_of_runs_opens_in_the_view_of_model_training(name):
    with mlflow_client(name) as opened:
        address = f"#/experiments/{opened.experiment}/runs?workflowType=machine_learning"
        assert opened.runs_page() == address
        sync.sync(params(name), DATA, DETAILS)
        assert opened.runs_page() == f"{address}&viewStateShareKey=genbench"


def test_a_view_that_a_user_has_saved_again_stays_and_another_follows_the_results(name):
    sync.sync(params(name), DATA, DETAILS)
    ours = json.loads(tags(name)[VIEW_TAG])
    number = client().get_experiment_by_name(name).experiment_id
    for updated, stays in ((1_700_000_000_000, True), (0, False)):
        other = json.dumps({**ours, "updatedAt": updated, "state": "{}"})
        client().set_experiment_tag(number, VIEW_TAG, other)
        sync.sync(params(name), DATA, DETAILS)
        assert (tags(name)[VIEW_TAG] == other) == stays


def test_an_experiment_of_an_earlier_version_gets_its_view(name):
    client().create_experiment(name)
    sync.sync(params(name), DATA, DETAILS)
    assert tags(name)[KIND_TAG] == "custom_model_development" and state(name)["selectedColumns"]


def test_snapshots_are_images_by_step_and_the_page_opens_at_the_last(name):
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    pictures = images_of(run)
    assert {step: len(names) for step, names in pictures.items()} == dict.fromkeys(STEPS, 1)
    for step, (path,) in pictures.items():
        sent = Image.open(client().download_artifacts(run.info.run_id, path))
        taken = Image.open(f"data/models/digits/vae/snapshots/{step:08d}.png")
        assert sent.tobytes() == taken.tobytes()
    (chart,) = state(name)["compareRunCharts"]
    assert chart["imageKeys"] == ["snapshots"] and chart["step"] == 60000
    assert run.data.tags["mlflow.loggedImages"] == "True"


def test_snapshots_are_sent_once(name):
    sync.sync(params(name), DATA, DETAILS)
    other_numbers()
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name)
    assert run.data.metrics["fid_classifier"] == 1.5
    assert [len(names) for names in images_of(run).values()] == [1, 1, 1, 1]


def test_models_whose_batches_differ_share_the_steps_of_the_slider(name):
    folder = DATA / "models" / "digits" / "vae" / "snapshots"
    for before, after in ((20000, 20032), (40000, 39936)):
        (folder / f"{before:08d}.png").rename(folder / f"{after:08d}.png")
    (content,) = [each for each in collect(params(name), DATA, DETAILS) if each.stage == "train"]
    assert list(content.snapshots) == STEPS
    assert content.snapshots[40000].name == "00039936.png"


@pytest.mark.parametrize(
    "result, script",
    [
        ("digits-vae", "train"),
        ("digits-vae-4-16-0", "trial_train"),
        ("digits-beta_vae-4-0", "trial_train"),
    ],
)
def test_a_run_names_its_script_and_its_user(name, monkeypatch, result, script):
    monkeypatch.setenv("LOGNAME", "ada")
    sync.sync(params(name), DATA, DETAILS)
    (run,) = runs(name, result)
    assert run.data.tags["mlflow.source.name"] == f"stages/{script}.py"
    assert run.data.tags["mlflow.source.type"] == "LOCAL"
    assert run.info.user_id == run.data.tags["mlflow.user"] == "ada"


def test_what_was_found_about_a_model_is_its_description_until_a_user_writes_another(name):
    def description(text):
        sync.sync(params(name), DATA, DETAILS, notes={("digits", "vae"): text})
        (run,) = runs(name)
        return run.data.tags.get("mlflow.note.content")

    assert description("- It is good.") == "- It is good."
    assert description("- It is better." * 1000) == ("- It is better." * 1000)[:8000]
    assert description("- It is better.") == "- It is better."
    (point,) = runs(name, "digits-vae-4-16-0")
    assert "mlflow.note.content" not in point.data.tags
    (run,) = runs(name)
    client().set_tag(run.info.run_id, "mlflow.note.content", "to be published")
    assert description("- It is bad.") == "to be published"


@pytest.fixture
def report():
    """A report, and what it is of."""
    files.save_json(Path("metrics/summary.json"), {"digits": {"vae": {"fid_classifier": 7.5}}})
    return Report("<p>first</p>", Path("metrics/summary.json"), "- vae is best.")


def artifacts(run, folder: str | None = None) -> set[str]:
    """Paths of all files of a run."""
    paths: set[str] = set()
    for file in client().list_artifacts(run.info.run_id, folder):
        paths |= artifacts(run, file.path) if file.is_dir else {file.path}
    return paths


def page(run) -> str:
    return Path(client().download_artifacts(run.info.run_id, "index.html")).read_text()


def test_the_report_is_an_artifact_of_a_run_of_the_study(name, report):
    sync.sync(params(name), DATA, DETAILS, report=report)
    (run,) = runs(name, NAME)
    assert artifacts(run) == {"index.html"}
    assert page(run) == "<p>first</p>"
    assert run.data.tags["mlflow.note.content"] == "- vae is best."
    assert run.data.tags["mlflow.source.name"] == "stages/report.py"
    assert run.data.params == {"datasets": "digits", "models": "vae"}
    assert run.info.status == "FINISHED" and len(runs(name)) == 1


def test_a_report_of_the_same_numbers_is_the_same_run_with_the_page_of_today(name, report):
    sync.sync(params(name), DATA, DETAILS, report=report)
    (before,) = runs(name, NAME)
    sync.sync(params(name), DATA, DETAILS, report=report)
    (same,) = runs(name, NAME)
    assert same.to_dictionary() == before.to_dictionary()
    second = report._replace(page="<p>second</p>")
    sync.sync(params(name), DATA, DETAILS, report=second)
    (run,) = runs(name, NAME)
    assert run.info.run_id == before.info.run_id and page(run) == "<p>second</p>"


@pytest.mark.parametrize("changed", ["numbers", "choices"])
def test_a_report_of_other_numbers_or_choices_is_a_run_beside_the_first(name, report, changed):
    sync.sync(params(name), DATA, DETAILS, report=report)
    choices = params(name)
    if changed == "numbers":
        files.save_json(report.summary, {"digits": {"vae": {"fid_classifier": 7.4}}})
    else:
        choices = choices.model_copy(update={"seed": 1})
    sync.sync(choices, DATA, DETAILS, report=report)
    assert len(runs(name, NAME)) == 2


def test_the_report_of_another_clone_is_left_alone(name, report):
    sync.sync(params(name), DATA, DETAILS, report=report)
    (run,) = runs(name, NAME)
    client().set_tag(run.info.run_id, "genbench.clone", "another")
    second = report._replace(page="<p>second</p>")
    sync.sync(params(name), DATA, DETAILS, report=second)
    (run,) = runs(name, NAME)
    assert page(run) == "<p>first</p>"


def test_a_report_that_was_sent_in_part_is_completed(name, report):
    sync.sync(params(name), DATA, DETAILS, report=report)
    (run,) = runs(name, NAME)
    client().delete_tag(run.info.run_id, "genbench.content")
    sync.sync(params(name), DATA, DETAILS, report=report)
    (again,) = runs(name, NAME)
    assert again.data.tags["genbench.content"] == run.data.tags["genbench.content"]


def stage(name: str, **options) -> None:
    runpy.run_path(str(ROOT / "stages" / f"{name}.py"))["main"](**options)


@pytest.fixture
def reported(name, monkeypatch, undrawn):
    """The end of a pipeline."""
    monkeypatch.setattr(genbench.params, "load", lambda: params(name))
    folders = {"data": DATA, "details": DETAILS}
    stage("report", **folders, summary=Path("metrics/summary.json"), out=Path("reports"))


def test_the_end_of_a_pipeline_sends_the_report_and_descriptions(name, reported):
    (run,), (study,) = runs(name), runs(name, NAME)
    assert run.data.tags["mlflow.note.content"].startswith("- FID 7.50 (95 % interval")
    assert study.data.tags["mlflow.note.content"].startswith(
        "**digits**\n\n- vae has the lowest FID"
    )
    assert page(study) == load_whole(Path("reports"))
    assert artifacts(study) == {"index.html"}


def test_make_track_then_has_nothing_to_send(name, reported, repository):
    with sqlite3.connect(repository / "mlflow.db") as file:
        before = list(file.iterdump())
    stage("track")
    with sqlite3.connect(repository / "mlflow.db") as file:
        assert list(file.iterdump()) == before


def test_make_track_sends_a_report_that_the_store_lacks_if_it_is_of_these_results(
    name, reported, monkeypatch
):
    sent = runs(name, NAME)[0].data.tags["genbench.content"]
    for fid, reports in ((None, 1), (1.5, 0)):
        shutil.copy("empty.db", "new.db")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///new.db")
        if fid:
            other_numbers(fid)
        stage("track")
        assert [run.data.tags["genbench.content"] for run in runs(name, NAME)] == [sent] * reports
