"""In MLflow each training is a run, and a model with several trainings has one above them."""

import fabricated
import pytest
from test_sync import DATA, DETAILS, client, name, params, repository, runs  # noqa: F401

from genbench.results.trainings import over_trainings
from genbench.tracking import sync
from genbench.utils import failure

PARENT = "mlflow.parentRunId"


def with_seeds(experiment, *seeds):
    for seed in seeds:
        fabricated.replicate(DATA, DETAILS, "digits", "vae", seed, shift=float(seed))
        folder = DATA / "models" / "digits" / f"vae-{seed}"
        (folder / "weights.pt").write_bytes(b"weights of another training")
    return params(experiment).model_copy(update={"seeds": list(seeds)})


def test_trainings_of_a_model_are_children_of_one_run_with_their_mean(name):  # noqa: F811
    choices = with_seeds(name, 1, 2)
    sync.sync(choices, DATA, DETAILS)
    children = [run for each in ("vae", "vae-1", "vae-2") for run in runs(name, f"digits-{each}")]
    (parent,) = runs(name, "digits-vae-seeds")
    assert [run.data.tags["genbench.seed"] for run in children] == ["0", "1", "2"]
    assert {run.data.tags[PARENT] for run in children} == {parent.info.run_id}
    over = over_trainings([run.data.metrics["fid_classifier"] for run in children])
    held = parent.data.metrics
    assert held["fid_classifier"] == pytest.approx(over.mean.value)
    assert held["fid_classifier.sd"] == pytest.approx(over.deviation)
    assert held["fid_classifier.low"] == pytest.approx(over.mean.low)
    assert parent.data.tags["genbench.seed"] == "0, 1, 2"
    assert "seconds" not in held and "seed" not in parent.data.params
    assert children[1].data.tags["dvc.stage"] == "replicate@digits-vae-1"


def test_another_training_joins_the_same_run(name):  # noqa: F811
    sync.sync(with_seeds(name, 1), DATA, DETAILS)
    (before,) = runs(name, "digits-vae-seeds")
    sync.sync(with_seeds(name, 1, 3), DATA, DETAILS)
    (after,) = runs(name, "digits-vae-seeds")
    assert before.info.run_id == after.info.run_id
    assert after.data.metrics["fid_classifier"] != before.data.metrics["fid_classifier"]
    points = client().get_metric_history(after.info.run_id, "fid_classifier")
    sync.sync(with_seeds(name, 1, 3), DATA, DETAILS)
    again = client().get_metric_history(after.info.run_id, "fid_classifier")
    assert len(again) == len(points), "nothing is sent twice"


def test_one_training_has_no_run_above_it_and_one_that_failed_is_not_counted(name):  # noqa: F811
    choices = with_seeds(name, 1)
    fabricated.diverge(DATA, DETAILS, "digits", "vae-1")
    sync.sync(choices, DATA, DETAILS)
    assert failure.load(DATA / "models" / "digits" / "vae-1")
    (failed,) = runs(name, "digits-vae-1")
    assert failed.info.status == "FAILED" and not runs(name, "digits-vae-seeds")
