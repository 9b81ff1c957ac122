"""Real servers: MLflow's own, PostgreSQL behind it, one that dies during a training, a model's."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import mlflow
import numpy as np
import pytest
import yaml
from test_sync import DATA, DETAILS, HISTORY, QUALITY, curve, params, write

from genbench.evaluation.results import Quality
from genbench.tracking import sync
from genbench.utils import files

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def running(words: list, ready: str, **environment):
    """A process group, from the moment `ready` answers to the end of the block."""
    log = Path("server.log").open("w")
    env = os.environ | environment
    process = subprocess.Popen(words, stdout=log, stderr=log, env=env, start_new_session=True)
    try:
        until(lambda: answers(ready) or process.poll() is not None, 120)
        assert process.poll() is None, Path("server.log").read_text()
        yield process
    finally:
        kill(process)
        log.close()


def kill(process) -> None:
    """End a process and its children at once, as a power failure does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(condition, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


@contextmanager
def mlflow_server(port: int, **environment):
    """`make ui` of the current folder's store."""
    words = [sys.executable, ROOT / "stages" / "track.py", "--serve", str(port)]
    with running(words, f"http://127.0.0.1:{port}/health", **environment) as process:
        yield process


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty repository; results go to a server at the port that is returned."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", ".")
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    return port


def write_images(path: Path) -> Path:
    """Random images in the format of `preprocess`."""
    random = np.random.default_rng(0)
    arrays = {"classes": np.array([str(k) for k in range(10)])}
    for part, n in {"train": 1000, "val": 100}.items():
        arrays[f"{part}_x"] = random.integers(0, 256, (n, 1, 8, 8), dtype=np.uint8)
        arrays[f"{part}_y"] = np.arange(n) % 10
    files.save_npz(path, **arrays)
    return path


def only_run(name: str):
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("genbench")
    runs = client.search_runs([experiment.experiment_id]) if experiment else []
    return next((run for run in runs if run.info.run_name == name), None)


def test_a_server_that_dies_during_a_training_costs_one_warning_and_gets_all_later(
    workspace, monkeypatch
):
    tree = yaml.safe_load(Path("params.yaml").read_text())
    tree |= {"models": ["gan"], "device": "cpu"}
    tree["model"] |= {"latent_dim": 4, "width": 4}
    tree["train"] |= {"images": 500_000, "log_points": 1000, "threads": 1}
    tree["tracking"]["live_after"] = 0
    Path("params.yaml").write_text(yaml.safe_dump(tree))
    data = write_images(DATA / "processed" / "digits.npz")
    options = {"dataset": "digits", "model": "gan", "data": data, "perceptual": "none.pt"}
    options |= {"out": DATA / "models" / "digits" / "gan"}
    # as low as its child's priority: on a busy machine that would not get to start otherwise
    words = ["nice", "-n", "19", sys.executable, str(ROOT / "stages" / "train.py")]
    words += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    local = {"MLFLOW_TRACKING_URI": f"sqlite:///{Path.cwd() / 'mlflow.db'}"}
    with mlflow_server(workspace, **local) as server:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        training = subprocess.Popen(words, **pipes)
        until(lambda: (run := only_run("digits-gan")) and run.data.metrics, 120)
        assert training.poll() is None, training.communicate()
        kill(server)
        _, errors = training.communicate(timeout=300)
    assert training.returncode == 0, errors
    (warning,) = [line for line in errors.splitlines() if "warning" in line]
    assert warning.startswith(f"warning: MLflow at http://127.0.0.1:{workspace}: ")
    assert "Traceback" not in errors

    history = files.load_csv(DATA / "models" / "digits" / "gan" / "history.csv")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", local["MLFLOW_TRACKING_URI"])
    sync.send(params("genbench").model_copy(update={"models": ["gan"]}), DATA, DETAILS)
    run = only_run("digits-gan")
    expected = [(row["images"], row["generator/loss"]) for row in history]
    assert curve(run, "generator/loss") == expected and run.info.status == "FINISHED"


@pytest.mark.skipif(not shutil.which("initdb"), reason="needs PostgreSQL's initdb and postgres")
def test_postgresql_behind_a_server_holds_what_a_file_would(workspace):
    write()
    with postgresql() as uri, mlflow_server(workspace, MLFLOW_TRACKING_URI=uri):
        choices = params("genbench")
        assert sync.send(choices, DATA, DETAILS) == 7
        run = only_run("digits-vae")
        assert run.data.metrics["fid_classifier"] == Quality.load(QUALITY).metrics["fid"].value
        history = files.load_csv(HISTORY)
        assert curve(run, "val/kl") == [(row["images"], row["val/kl"]) for row in history]
        sync.send(choices, DATA, DETAILS)
        assert only_run("digits-vae").to_dictionary() == run.to_dictionary()


@contextmanager
def postgresql():
    """The address of an empty database, which lives as long as the block."""
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        if user:
            shutil.chown(folder, user)
        place, port = f"{folder}/data", free_port()
        quiet = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL}
        make = ["initdb", "--pgdata", place, "--username", "me", "--auth", "trust", "--no-sync"]
        subprocess.run(make, check=True, **quiet)
        words = ["postgres", "-D", place, "-p", str(port), "-k", folder]
        words += ["-c", "listen_addresses=127.0.0.1"]
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL, **quiet)
        try:
            asked = ["pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
            until(lambda: subprocess.run(asked).returncode == 0, 60)
            yield f"postgresql://me@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def test_a_stored_model_is_served(workspace, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    write()
    sync.send(params("genbench"), DATA, DETAILS)
    run = only_run("digits-vae")
    logged = mlflow.MlflowClient().get_logged_model(run.data.tags["genbench.model"])
    example = json.loads(
        Path(logged.artifact_location[7:], "serving_input_example.json").read_text()
    )
    port = free_port()
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", logged.artifact_location]
    words += ["--env-manager", "local", "--port", str(port), "--workers", "1"]
    with running(words, f"http://127.0.0.1:{port}/ping"):
        for inputs in (example, {"inputs": np.zeros((3, 4)).tolist()}):
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/invocations",
                json.dumps(inputs).encode(),
                {"Content-Type": "application/json"},
            )
            images = np.array(json.load(urllib.request.urlopen(request))["predictions"])
            assert images.shape[1:] == (1, 8, 8) and np.abs(images).max() <= 1
    assert len(images) == 3


def status_of(url: str, method: str = "GET", **headers) -> int:
    """What a server answers to a request with these headers."""
    data = b"{}" if method == "POST" else None
    headers |= {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_page_of_runs_answers_no_other_host_and_no_page_of_another(workspace):
    """MLflow's own middleware: a foreign page must reach it neither by a name nor directly."""
    with mlflow_server(workspace, MLFLOW_TRACKING_URI="sqlite:///mlflow.db"):
        server = f"http://127.0.0.1:{workspace}"
        search = f"{server}/api/2.0/mlflow/experiments/search?max_results=1"
        create = f"{server}/api/2.0/mlflow/experiments/create"
        assert status_of(search) == status_of(search, Host=f"localhost:{workspace}") == 200
        for host in ("evil.example", f"evil.example:{workspace}", "127.0.0.1.evil.example"):
            assert status_of(search, Host=host) == status_of(server, Host=host) == 403
        for origin in ("http://evil.example", "null", f"http://evil.example:{workspace}"):
            assert status_of(create, "POST", Origin=origin) == 403
        assert status_of(create, "POST", Origin=server) == 400  # let through: it lacks a name
        assert mlflow.MlflowClient().get_experiment_by_name("genbench") is not None
