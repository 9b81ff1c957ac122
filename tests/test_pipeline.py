"""The whole pipeline as a user runs it: real DVC commands in a copy of the repository."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from repository import (
    commit,
    copy_repository,
    logged,
    points_in_store,
    queue,
    ref,
    run,
    runs_in_store,
    stages_run,
)

TINY = {
    "models": ["gan", "vae"],
    "seeds": [1],
    "train": {"images": 2000, "log_points": 4, "snapshots": 2},
    "classifier": {"images": {"cnn": 4000, "resnet": 4000}},
    "evaluate": {"n": 100, "kid_subsets": 10, "kid_subset_size": 50},
    "anomaly": {"n": 100},
    "latent": {"n": 50, "ppl_samples": 20},
    "tsne": {"n": 40},
    "sweep": {"images": 1000, "latent_dim": [2], "width": [4], "beta": []},
}
POINTS = {
    *("digits-vae-2-4-0", "digits-gan-1", "digits-vae-1"),
}
"""Names of all trials."""
RUNS = POINTS | {
    *("digits-gan", "digits-vae", "digits-gan-seeds", "digits-vae-seeds", "genbench.report")
}

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("scripts_start_at_once")]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A repository of its own, in a folder with a space, after its first `make repro JOBS=2`."""
    folder = copy_repository(tmp_path_factory.mktemp("pipeline") / "my project", TINY)
    commit(folder)
    output = run(folder, "python", "-m", "genbench.cluster", "repro", "--jobs", "2")
    commit(folder)
    return folder, output


def test_the_first_run_executes_every_stage_and_finds_finite_numbers(project):
    folder, output = project
    names = {*stages_run(output), *re.findall(r"^(\S+): done in ", output, re.M)}
    assert {name.split("@")[0] for name in names} == {
        *("list_of_seeds", "list_of_sweep_models"),
        *("params", "download", "preprocess", "classifier", "reference", "controls"),
        "perceptual_classifier",
        *("train", "sample", "evaluate", "anomaly", "baselines", "latent", "tsne", "report"),
        *("sweep_train", "sweep", "replicate_train", "replicate"),
    }
    summary = json.loads((folder / "metrics" / "summary.json").read_text())
    assert set(TINY["models"]) <= set(summary["digits"])
    assert (folder / "reports" / "index.html").stat().st_size > 10_000


def test_a_second_run_executes_nothing(project):
    folder, _ = project
    assert list(folder.glob("src/genbench/models/__pycache__/vae.*.pyc"))
    assert stages_run(run(folder, "dvc", "repro")) == set()
    assert "up to date" in run(folder, "dvc", "status")
    assert run(folder, "git", "status", "--porcelain") == ""


def test_leftovers_of_tools_in_a_folder_of_code_are_no_change(project):
    folder, _ = project
    hidden = [".ipynb_checkpoints/vae.py", ".mypy_cache/vae", ".vae.py.swp", ".DS_Store"]
    for name in [*hidden, "vae.py~"]:
        path = folder / "src" / "genbench" / "models" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("left over")
    assert "up to date" in run(folder, "dvc", "status")
    assert run(folder, "git", "status", "--porcelain") == ""


def test_a_second_clone_that_shares_lock_and_cache_runs_nothing(project, tmp_path):
    folder, _ = project
    run(tmp_path, "git", "clone", "-q", str(folder), "clone")
    clone = tmp_path / "clone"
    run(clone, "dvc", "cache", "dir", "--local", str(folder / ".dvc" / "cache"))
    run(clone, "dvc", "checkout")
    assert stages_run(run(clone, "dvc", "repro")) == set()
    assert "up to date" in run(clone, "dvc", "status")
    assert run(clone, "git", "status", "--porcelain") == ""


def test_stages_beside_each_other_have_given_the_bytes_of_one_after_the_other(project, tmp_path):
    folder, output = project
    assert "train@digits-vae: done in " in output and "Traceback" not in output
    run(tmp_path, "git", "clone", "-q", str(folder), "clone")
    clone = tmp_path / "clone"  # with the lock, and without what it speaks of
    stages = ["anomaly@digits-gan", "replicate@digits-vae-1", "sweep@digits-vae-2-4-0"]
    ran = stages_run(run(clone, "dvc", "repro", *stages))
    assert {*stages, "train@digits-gan", "replicate_train@digits-vae-1"} <= ran
    assert (clone / "dvc.lock").read_bytes() == (folder / "dvc.lock").read_bytes()


def test_a_store_that_was_deleted_is_filled_again_from_the_results(project):
    folder, _ = project
    before, curves = runs_in_store(folder), points_in_store(folder)
    (folder / "mlflow.db").unlink()
    shutil.rmtree(folder / "mlartifacts")
    assert stages_run(run(folder, "dvc", "repro")) == set()
    assert "5 runs are up to date" in run(folder, "python", "stages/track.py")
    assert runs_in_store(folder) == before and points_in_store(folder) == curves


def test_every_training_and_sweep_point_is_one_run_in_mlflow(project):
    folder, _ = project
    runs = runs_in_store(folder)
    for model in TINY["models"]:
        found = runs[f"digits-{model}"]
        assert {"fid_classifier", "images_per_second", "corruption_auroc"} <= set(found)
    assert runs.keys() == RUNS


def test_a_stage_runs_the_code_of_the_copy_it_stands_in(project):
    folder, _ = project
    path = folder / "src" / "genbench" / "params" / "load.py"
    text = path.read_text()
    path.write_text(text.replace("def load(", "def missing("))
    output = run(folder, "python", "stages/params.py", "--out", "data/params.validated", ok=False)
    path.write_text(text)
    assert "cannot import name 'load'" in output


def test_editing_a_model_concerns_that_model_and_the_report(project):
    folder, _ = project
    assert "params" in stages_changed_by_editing(folder, "models/vae.py")
    path = folder / "src" / "genbench" / "models" / "vae.py"
    text = path.read_text()
    path.write_text(text + "\n# edited\n")
    run(folder, "dvc", "repro", "params")  # copies the file, and the stages depend on the copy
    status = json.loads(run(folder, "dvc", "status", "--json"))
    changed = {name for name, changes in status.items() if "data/code" in str(changes)}
    path.write_text(text)
    run(folder, "dvc", "repro", "params")
    assert {"train@digits-vae", "evaluate@digits-vae"}.intersection(changed) == {"train@digits-vae"}
    assert "sweep_train@digits-vae-2-4-0" in changed
    assert all("-vae" in name for name in changed), changed


def test_editing_the_report_concerns_the_report_alone(project):
    folder, _ = project
    for path in ("report/page.py", "results/metrics.py", "tracking/sync.py"):
        assert stages_changed_by_editing(folder, path) == {"report"}


def test_editing_a_metric_trains_nothing(project):
    folder, _ = project
    changed = stages_changed_by_editing(folder, "evaluation/fid.py")
    assert {"evaluate@digits-vae", "sweep@digits-vae-2-4-0"} <= changed
    assert not [name for name in changed if "train" in name or name.startswith("classifier")]


def stages_changed_by_editing(folder, path):
    """Stages that DVC would run after a comment was added to a file of the package."""
    path = folder / "src" / "genbench" / path
    text = path.read_text()
    path.write_text(text + "\n# edited\n")
    status = json.loads(run(folder, "dvc", "status", "--json"))
    path.write_text(text)
    return {
        name
        for name, changes in status.items()
        if any("src/genbench" in str(change) for change in changes)
    }


def test_a_mistake_in_params_stops_before_anything_is_touched(project):
    folder, _ = project
    path = folder / "params.yaml"
    text = path.read_text()
    before = {p: p.stat().st_mtime_ns for p in folder.glob("metrics/**/*") if p.is_file()}
    assert len(before) > 10
    for wrong, line in [
        (text.replace("latent_dim: 16", "latent_dim: 0", 1), "model.latent_dim: input should be"),
        (text.replace("- vae\n", "- vea\n", 1), "models: unknown vea; known: "),
        (text.replace("- digits\n", "- digitz\n", 1), "datasets: unknown digitz; known: digits, "),
    ]:
        assert wrong != text
        path.write_text(wrong)
        output = run(folder, "dvc", "repro", ok=False)
        assert line in output and "Traceback" not in output
    path.write_text(text)
    assert before == {p: p.stat().st_mtime_ns for p in folder.glob("metrics/**/*") if p.is_file()}
    assert stages_run(run(folder, "dvc", "repro")) <= {"params"}


def test_ctrl_c_stops_dvc_and_the_next_repro_goes_on_in_the_middle_of_the_training(project):
    folder, _ = project
    path = folder / "params.yaml"
    text = path.read_text()
    tree = yaml.safe_load(text)
    tree["train"] |= {"images": 25_000, "checkpoint_every": 0.2}
    path.write_text(yaml.safe_dump(tree))
    command = [Path(sys.executable).parent / "dvc", "repro", "train@digits-vae"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(command, cwd=folder, env=env, start_new_session=True, **pipes)
    while not list(folder.glob(".genbench/checkpoints/digits-vae-*.pt")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    output, _ = process.communicate()
    assert process.returncode != 0 and "Traceback" not in output
    images = re.search(r"interrupted; `dvc repro` continues after ([\d,]+) images", output)[1]
    assert f"continues after {images} images" in run(folder, "dvc", "repro", "train@digits-vae")
    assert not list(folder.glob(".genbench/checkpoints/*"))
    path.write_text(text)
    assert stages_run(run(folder, "dvc", "repro")) <= {"params"}


def test_the_command_that_is_said_of_damaged_weights_makes_them_anew(project):
    folder, _ = project
    weights = folder / "data/models/digits/vae/weights.pt"
    content = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(content[:3000] + b"4 by" + content[3004:])
    options = ["--data", "data/processed/digits.npz", "--out", "data/samples/digits/vae"]
    options += ["--dataset", "digits", "--training", "data/models/digits/vae"]
    (line,) = run(folder, "python", "stages/sample.py", *options, ok=False).splitlines()
    assert line.startswith("error: data/models/digits/vae/weights.pt is damaged")
    run(folder, *re.search("`(.*)` makes it anew", line)[1].split())
    assert weights.read_bytes() == content


def test_two_queued_experiments_at_once_mix_nothing_up(project):
    folder, _ = project
    rates = {"slower": "0.0005", "faster": "0.003"}
    for name, rate in rates.items():
        change = ["-S", "models=[vae]", "-S", f"zoo.vae.lr={rate}"]
        change += ["-S", "seeds=[]", "-S", "sweep.models=[]"]
        run(folder, "dvc", "exp", "run", "--queue", "--name", name, *change)
    # the workers keep the streams of what starts them: `run` would wait for their end
    run(folder, "sh", "-c", "dvc queue start --jobs 2 > /dev/null 2>&1")
    end = time.monotonic() + 400
    while set(states := queue(folder)) != set(rates) or {*states.values()} & {"Queued", "Running"}:
        assert time.monotonic() < end, states
        time.sleep(3)
    run(folder, "dvc", "queue", "stop")
    for name in rates:
        output = run(folder, "dvc", "queue", "logs", name)
        assert states[name] == "Success", output
        assert "warning:" not in output and "locked" not in output
        ran = stages_run(output)
        assert {"train@digits-vae", "report"} <= ran and all("gan" not in each for each in ran)
        assert not {"download@digits", "preprocess@digits", "classifier@digits"} & ran
    shown = run(folder, "dvc", "exp", "show", "--csv")
    found = {}
    for name, rate in rates.items():
        text = run(folder, "git", "show", f"{ref(folder, name)}:metrics/summary.json")
        found[name] = json.loads(text)["digits"]["vae"]["fid_classifier"]
        (row,) = [line for line in shown.splitlines() if line.startswith(f"{name},")]
        assert f"{float(rate):g}" in row
        assert logged(folder, rate) == [found[name]]
    assert found["slower"] != found["faster"]


def test_a_wider_grid_and_more_seeds_compute_only_what_is_new(project):
    folder, _ = project
    change = ["-S", "sweep.latent_dim=[2,3]", "-S", "sweep.beta=[8]"]
    change += ["-S", "models=[gan]", "-S", "seeds=[0,1,2]"]
    ran = stages_run(run(folder, "dvc", "exp", "run", "--temp", *change))
    new = {
        *("sweep_train@digits-vae-3-4-0", "sweep@digits-vae-3-4-0"),
        *("rate_distortion_train@digits-beta_vae-8-0", "rate_distortion@digits-beta_vae-8-0"),
        *("replicate_train@digits-gan-0", "replicate@digits-gan-0"),  # nothing, as that is `train`
        *("replicate_train@digits-gan-2", "replicate@digits-gan-2"),
    }
    others = {"params", "perceptual_classifier@digits", "tsne@digits", "report"}
    others |= {"list_of_sweep_beta@8", "list_of_seeds@0", "list_of_seeds@2"}
    assert new <= ran <= new | others


def test_a_replicate_has_the_numbers_of_a_run_with_its_seed_to_the_last_digit(project):
    folder, _ = project
    path = folder / "params.yaml"
    text = path.read_text()
    path.write_text(yaml.safe_dump(yaml.safe_load(text) | {"seed": 1, "seeds": []}))
    stages = [f"{stage}@digits-vae" for stage in ("evaluate", "anomaly", "latent")]
    run(folder, "dvc", "repro", *stages)
    details = folder / "metrics" / "details"
    trial = json.loads((details / "replicate" / "digits" / "vae-1.json").read_text())
    for part, stage in (("quality", "evaluate"), ("detection", "anomaly"), ("latent", "latent")):
        found = json.loads((details / stage / "digits" / "vae" / "metrics.json").read_text())
        assert trial[part] == found, part
    weights = [folder / "data" / "models" / "digits" / name for name in ("vae", "vae-1")]
    assert len({(each / "weights.pt").read_bytes() for each in weights}) == 1
    run(folder, "dvc", "repro", "--single-item", "tsne@digits")
    codes = json.loads((details / "tsne" / "digits" / "metrics.json").read_text())["codes"]["vae"]
    assert trial["embedding"]["knn_accuracy"] == codes["knn_accuracy"]
    path.write_text(text)
    assert not {name for name in stages_run(run(folder, "dvc", "repro")) if "train" in name}


def test_a_clone_that_pulls_from_a_remote_has_every_result_and_runs_nothing(project, tmp_path):
    folder, _ = project
    remote = ["dvc", "remote", "add", "--local", "--default", "shelf", str(tmp_path / "shelf")]
    run(folder, *remote)
    run(folder, "dvc", "push")
    run(tmp_path, "git", "clone", "-q", str(folder), "clone")
    clone = tmp_path / "clone"
    run(clone, *remote)
    run(clone, "dvc", "pull")
    assert stages_run(run(clone, "dvc", "repro")) == set()
    for name in ("metrics/summary.json", "reports/index.html", "data/models/digits/vae/weights.pt"):
        assert (clone / name).read_bytes() == (folder / name).read_bytes()
    run(clone, "python", "stages/track.py")
    found = runs_in_store(clone)
    assert found.keys() == RUNS
    path = clone / "metrics" / "details" / "evaluate" / "digits" / "vae" / "metrics.json"
    fid = json.loads(path.read_text())["metrics"]["fid"]["value"]
    assert found["digits-vae"]["fid_classifier"] == fid
    with sqlite3.connect(clone / "mlflow.db") as store:
        tags = store.execute("select value from tags where key = 'genbench.restored'").fetchall()
    assert tags == [("true",)] * 5
