"""Whose run is it? Code, other clones, other places: runs are found again, and none is lost."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from test_sync import (
    DATA,
    DETAILS,
    HISTORY,
    QUALITY,
    WEIGHTS,
    client,
    old_run,
    other_numbers,
    params,
    runs,
    write,
)

from genbench.evaluation.results import Quality
from genbench.tracking import store, sync
from genbench.tracking.client import mlflow_client
from genbench.tracking.content import collect
from genbench.tracking.runs import start_live
from genbench.utils import provenance

NAME = "identity"


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """A store without runs: making its tables takes seconds."""
    path = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with mlflow_client("other"):
            return path / "mlflow.db"


@pytest.fixture
def clone(tmp_path, empty_store, monkeypatch):
    """A clone with fresh results, and a store that was copied into it."""
    path = tmp_path / "my clone"
    write(path)
    shutil.copy(empty_store, path)
    monkeypatch.chdir(path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return path


@pytest.fixture
def code(clone):
    """Note in dvc.lock that some code has made the results."""
    lock = Path("dvc.lock")

    def note(folder: str, version: str) -> None:
        stages = yaml.safe_load(lock.read_text())["stages"] if lock.exists() else {}
        for stage in ("train@digits-vae", "evaluate@digits-vae", "evaluate@digits-gan"):
            deps = {"src/genbench/utils": "1", "data/processed/digits.npz": "2"}
            old = stages.get(stage, {}).get("deps", [])
            deps |= {dep["path"]: dep["md5"] for dep in old} | {folder: version}
            rows = [{"path": path, "md5": md5} for path, md5 in deps.items()]
            stages[stage] = {"deps": rows}
        lock.write_text(yaml.safe_dump({"stages": stages}))

    return note


def test_a_run_says_at_which_commit_it_began(clone):
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    sync.send(params(NAME), DATA, DETAILS)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    (run,) = runs(NAME)
    assert run.data.tags["mlflow.source.git.commit"] == head.stdout.strip()


def fids(experiment: str) -> list[float]:
    return sorted(run.data.metrics["fid_classifier"] for run in runs(experiment))


def test_changed_code_that_measures_other_numbers_is_a_run_beside_the_first(clone, code):
    before = Quality.load(QUALITY).metrics["fid"].value
    code("src/genbench/evaluation", "a")
    sync.send(params(NAME), DATA, DETAILS)
    code("src/genbench/evaluation", "b")
    other_numbers()
    sync.send(params(NAME), DATA, DETAILS)
    assert fids(NAME) == [1.5, before]
    other_numbers(1.25)  # the same code on another machine
    sync.send(params(NAME), DATA, DETAILS)
    assert fids(NAME) == [1.25, before]
    code("src/genbench/evaluation", "a")
    write()  # and back to the first commit
    sync.send(params(NAME), DATA, DETAILS)
    assert fids(NAME) == [1.25, before]


@pytest.mark.parametrize("path", ["src/genbench/utils", "data/processed/digits.npz", "README.md"])
def test_a_change_that_moves_no_number_makes_no_run(clone, code, path):
    code(path, "a")
    sync.send(params(NAME), DATA, DETAILS)
    (before,) = runs(NAME)
    code(path, "b")
    sync.send(params(NAME), DATA, DETAILS)
    (run,) = runs(NAME)
    assert run.info.run_id == before.info.run_id
    same = run.data.tags["genbench.code"] == before.data.tags["genbench.code"]
    assert same == (not path.startswith("src/"))


def test_the_code_of_a_run_is_that_of_its_own_stages(clone, code):
    code("src/genbench/evaluation", "a")
    sync.send(params(NAME), DATA, DETAILS)
    (before,) = runs(NAME)
    stages = yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    stages["evaluate@digits-gan"]["deps"][0]["md5"] = "other"
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": stages}))
    sync.send(params(NAME), DATA, DETAILS)
    (run,) = runs(NAME)
    assert run.data.tags["genbench.code"] == before.data.tags["genbench.code"]
    (point,) = runs(NAME, "digits-vae-16-32-0")  # DVC has noted nothing of it
    assert "genbench.code" not in point.data.tags


def test_a_run_made_before_runs_bore_their_code_is_found_and_updated(clone, code):
    before = old_run(NAME, provenance.digest(list(map(provenance.sha256, (WEIGHTS, HISTORY)))))
    with mlflow_client(NAME) as its:
        (run,) = runs(NAME)
        its.log(run, [("fid_classifier", 99.0, 1_700_000_000_000, 60000)])
    code("src/genbench/training", "a")
    sync.send(params(NAME), DATA, DETAILS)
    (run,) = runs(NAME)
    assert run.data.metrics["fid_classifier"] == Quality.load(QUALITY).metrics["fid"].value
    assert run.info.run_id == before and len(run.data.tags["genbench.code"]) == 16


def in_another_clone(clone, monkeypatch) -> None:
    """Go to another clone, with equal results restored from a cache, on the same store."""
    other = clone.with_name("other")
    write(other)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{clone}/mlflow.db")
    monkeypatch.chdir(other)


def test_another_clone_on_the_store_deletes_and_doubles_nothing(clone, monkeypatch):
    provenance.save(WEIGHTS, {"seconds": 4})
    header = {"key": "0" * 16, "name": "digits-vae", "start": 1, "choices": {}}
    with mlflow_client(NAME) as its:
        live = start_live(its, header)
    sync.send(params(NAME), DATA, DETAILS)
    before = {run.info.run_id: run.to_dictionary() for run in runs(NAME)}
    assert live.info.run_id in before and len(before) == 2
    in_another_clone(clone, monkeypatch)
    sync.send(params(NAME), DATA, DETAILS)
    assert {run.info.run_id: run.to_dictionary() for run in runs(NAME)} == before
    write(seed=1)
    sync.send(params(NAME), DATA, DETAILS)
    with mlflow_client(NAME) as its:
        start_live(its, header)
    assert before.keys() < {run.info.run_id for run in runs(NAME)} and len(runs(NAME)) == 4


def test_another_clone_completes_a_run_that_lacks_numbers(clone, monkeypatch):
    QUALITY.unlink()
    sync.send(params(NAME), DATA, DETAILS)
    (before,) = runs(NAME)
    in_another_clone(clone, monkeypatch)
    sync.send(params(NAME), DATA, DETAILS)
    (run,) = runs(NAME)
    assert "fid_classifier" not in before.data.metrics and "fid_classifier" in run.data.metrics
    assert run.info.run_id == before.info.run_id


def test_another_clone_leaves_a_training_under_way_to_its_own(clone, monkeypatch):
    choices = params(NAME)
    (content,) = [c for c in collect(choices, DATA, DETAILS) if c.name == "digits-vae"]
    with mlflow_client(NAME) as its:
        header = {"key": content.key, "name": content.name, "start": 1, "choices": {}}
        live = start_live(its, header).info.run_id
    in_another_clone(clone, monkeypatch)
    sync.send(choices, DATA, DETAILS)
    first, second = sorted(runs(NAME), key=lambda run: run.info.start_time)
    assert first.info.run_id == live and "genbench.made_of" not in first.data.tags
    monkeypatch.chdir(clone)
    sync.send(choices, DATA, DETAILS)  # whose clone finds the results in MLflow
    (run,) = runs(NAME)
    assert run.info.run_id == second.info.run_id


def test_two_experiments_with_the_same_choices_leave_each_others_training(clone, monkeypatch):
    header = {"key": "1" * 16, "name": "digits-vae", "start": 1, "choices": {}}
    with mlflow_client(NAME) as its:
        for experiment in ("brave-idea", "other-idea"):
            monkeypatch.setenv("DVC_EXP_NAME", experiment)
            start_live(its, header)
        assert len(runs(NAME)) == 2
        start_live(its, header)  # the second was killed and starts again
    assert len(runs(NAME)) == 2


@pytest.mark.parametrize("place", ["with space", "50% off?", "Käfer#1", "a%20b"])
def test_a_moved_clone_finds_its_files_and_writes_at_its_new_place(clone, monkeypatch, place):
    sync.send(params(NAME), DATA, DETAILS)
    (before,) = runs(NAME)
    moved = clone.parent / "new" / place
    moved.parent.mkdir()
    clone.rename(moved)
    monkeypatch.chdir(moved)
    sync.send(params(NAME), DATA, DETAILS)
    (run,) = runs(NAME)
    names = [file.path for file in client().list_artifacts(before.info.run_id)]
    assert run.info.run_id == before.info.run_id and "history.csv" in names
    model = client().get_logged_model(run.data.tags["genbench.model"])
    experiment = client().get_experiment_by_name(NAME)
    for uri in (run.info.artifact_uri, model.artifact_location, experiment.artifact_location):
        assert uri.startswith((moved / "mlartifacts").as_uri())
    write(seed=1)
    sync.send(params(NAME), DATA, DETAILS)
    assert len(runs(NAME)) == 2
    assert [path.name for path in clone.parent.iterdir()] == ["new"]
    assert [path.name for path in moved.parent.iterdir()] == [place]


def test_a_copied_clone_writes_nothing_to_the_first(clone, monkeypatch):
    sync.send(params(NAME), DATA, DETAILS)
    (before,) = runs(NAME)
    copy = clone.with_name("copy")
    shutil.copytree(clone, copy)
    files = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()}
    monkeypatch.chdir(copy)
    write(seed=1)
    sync.send(params(NAME), DATA, DETAILS)
    assert before.info.run_id in {run.info.run_id for run in runs(NAME)} and len(runs(NAME)) == 2
    assert {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()} == files


def test_a_copy_of_the_store_alone_still_shows_the_files_of_the_first(clone, monkeypatch):
    sync.send(params(NAME), DATA, DETAILS)
    (before,) = runs(NAME)
    copy = clone.with_name("copy")
    copy.mkdir()
    shutil.copy("mlflow.db", copy)
    monkeypatch.chdir(copy)
    with mlflow_client(NAME) as its:
        assert its.client.list_artifacts(before.info.run_id)
        new = its.create("new", 1, {})
    assert new.info.artifact_uri.startswith((copy / "mlartifacts").as_uri())


def test_a_store_with_a_place_of_its_own_for_files_stays_as_it_is(clone):
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    elsewhere = (clone.parent / "elsewhere").as_uri()
    Path("mlflow.db").unlink()
    SqlAlchemyStore(store.tracking_store().uri, elsewhere).engine.dispose()
    with mlflow_client(NAME):
        addresses = {each.name: each.artifact_location for each in client().search_experiments()}
    assert addresses["Default"] == f"{elsewhere}/0"
