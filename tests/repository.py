"""A repository as its user sees it: commands, what they ran, experiments, the MLflow store."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PROGRAMS = [str(Path(sys.executable).parent)]
"""Folders that stand first in PATH."""


def run(folder, *command, ok=True):
    """Run a command as in an activated environment, and return what it printed."""
    env = {
        k: v for k, v in os.environ.items() if k not in ("GENBENCH_MIRROR", "MLFLOW_TRACKING_URI")
    }
    env |= {"PATH": os.pathsep.join([*PROGRAMS, env["PATH"]]), "GIT_CONFIG_GLOBAL": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@example.org"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert (done.returncode == 0) == ok, output
    return output


def copy_repository(folder, changes=None):
    """A new git repository with the files of this one, but for dvc.lock, and with other choices."""
    listed = run(ROOT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(ROOT / name):
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    if changes:
        tree = yaml.safe_load((folder / "params.yaml").read_text())
        for key, value in changes.items():
            tree[key] = tree[key] | value if isinstance(value, dict) else value
        (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    (folder / "dvc.lock").unlink(missing_ok=True)
    run(folder, "git", "init", "-q")
    return folder


def commit(folder):
    """Commit all that is there."""
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "all of it")


def stages_run(output):
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def runs_in_store(folder):
    """By run name, the metrics of the live runs in the MLflow store."""
    with sqlite3.connect(folder / "mlflow.db") as store:
        rows = store.execute(
            "select r.name, m.key, m.value from runs r join latest_metrics m using (run_uuid)"
            " where r.lifecycle_stage = 'active'"
        ).fetchall()
        names = store.execute("select name from runs where lifecycle_stage = 'active'").fetchall()
    return {name: {k: v for n, k, v in rows if n == name} for (name,) in names}


def points_in_store(folder):
    """All points of all curves of the live runs, by run name."""
    with sqlite3.connect(folder / "mlflow.db") as store:
        rows = store.execute(
            "select r.name, m.key, m.step, m.value from runs r join metrics m using (run_uuid)"
            " where r.lifecycle_stage = 'active'"
        )
        return set(rows)


def queue(folder):
    """The state of every experiment in the queue, by name."""
    lines = run(folder, "dvc", "queue", "status").splitlines()
    rows = [line.split() for line in lines if re.match(r"[0-9a-f]{7}\s", line)]
    return {name: state for _, name, *_, state in rows}


def ref(folder, name):
    """The commit of an experiment."""
    return run(folder, "git", "for-each-ref", "--format=%(objectname)", f"refs/exps/**/{name}")[:40]


def logged(folder, rate):
    """The FID of every live MLflow run that trained `vae` at this learning rate."""
    with sqlite3.connect(folder / "mlflow.db") as store:
        rows = store.execute(
            "select m.value from runs r join params p using (run_uuid)"
            " join latest_metrics m using (run_uuid)"
            " where r.lifecycle_stage = 'active' and r.name = 'digits-vae'"
            " and p.key = 'zoo.vae.lr' and p.value = ? and m.key = 'fid_classifier'",
            [rate],
        )
        return [value for (value,) in rows]
