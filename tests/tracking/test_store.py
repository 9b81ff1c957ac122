"""Where the runs go, and what is said when they cannot go there."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import fabricated
import mlflow
import pytest
from sqlalchemy.engine import make_url

from genbench.tracking import store, sync
from genbench.tracking.sqlite_file import prepare_sqlite_store
from genbench.training.results import WEIGHTS
from genbench.utils.errors import InputError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def send(tmp_path, monkeypatch):
    """The pass over some results, to the store at an address."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    for folder in (data / "models" / "digits").glob("*-*"):  # the points of the sweeps
        (folder / WEIGHTS).write_bytes(b"weights")
    tracked = {"enabled": True, "experiment": "genbench", "live_after": 30}
    choices = fabricated.params(datasets=["digits"], models=["vae"], tracking=tracked)

    def to(uri: str, call=sync.send):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        return call(choices, data, details)

    return to


@pytest.mark.parametrize("name", ["plain", "with space", "50% off?", "Käfer#1"])
def test_the_default_is_a_database_in_the_repository_whatever_its_name(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    uri, artifacts, _ = store.tracking_store()
    assert make_url(uri).database == str(tmp_path / name / "mlflow.db")
    assert artifacts == (tmp_path / name / "mlartifacts").as_uri()


def test_a_relative_database_starts_at_the_main_repository(tmp_path, monkeypatch):
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "abc"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///runs/my.db?timeout=5")
    uri, artifacts, _ = store.tracking_store()
    assert uri == f"sqlite:///{tmp_path}/runs/my.db?timeout=5"
    assert artifacts == (tmp_path / "runs" / "mlartifacts").as_uri()


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///~/runs/my.db")
    uri, _, file = store.tracking_store()
    assert file == tmp_path / "home" / "runs" / "my.db" and make_url(uri).database == str(file)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "~/mlruns")
    assert store.tracking_store().uri == str(tmp_path / "home" / "mlruns")


@pytest.mark.parametrize("uri", ["127.0.0.1:5000", "localhost:5000", "my-host.example.org:80/runs"])
def test_an_address_without_its_http_is_named_as_such(monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(InputError, match=f"MLFLOW_TRACKING_URI: a server is http://{uri} or https"):
        store.tracking_store()


@pytest.mark.parametrize(
    "uri",
    ["databricks", "postgresql://me@host:5432/runs", "file:///tmp/mlruns", "http://host:5000"],
)
def test_other_addresses_are_left_to_mlflow(monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert store.tracking_store().uri == uri


def test_a_server_keeps_its_own_artifacts(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")
    assert store.tracking_store() == ("https://mlflow.example.org", None, None)
    with pytest.raises(InputError, match=r"a server already: open https://mlflow.example.org/#/x$"):
        store.serve(5000, "#/x")


@pytest.mark.parametrize("place", ["50% off?", "Käfer#1", "a%20b"])
def test_the_server_finds_the_store_of_a_folder_whatever_its_name(tmp_path, monkeypatch, place):
    folder = tmp_path / place
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    commands = []
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(os, "execv", lambda path, command: commands.append(command))
    prepare_sqlite_store()
    store.serve(0, "#/x")
    (command,) = commands
    uri = os.environ["MLFLOW_BACKEND_STORE_URI"]
    assert uri not in command  # it may have a password, and every user sees commands
    assert Path(make_url(uri).database).resolve() == folder / "mlflow.db"
    assert {path.name for path in tmp_path.iterdir()} == {place}


def test_mlflow_installed_below_a_percent_sign_is_named(tmp_path, monkeypatch):
    """As it is in the .venv of such a folder: MLflow fails there, with lines of alembic's."""
    place = tmp_path / "50% off"
    place.mkdir()
    (place / "mlflow").symlink_to(Path(mlflow.__file__).parent)
    path = os.pathsep.join([str(place), str(ROOT / "src")])
    shutil.copy(ROOT / "params.yaml", tmp_path)
    done = subprocess.run(
        [sys.executable, str(ROOT / "stages" / "track.py"), "--serve", "5001"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    line = f"with % in its name: rename {place / 'mlflow'}\n"
    assert done.returncode == 1
    assert done.stderr == f"error: MLflow cannot be used from a folder {line}"


def test_a_store_that_is_no_database_is_one_line_for_the_server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("broken.db").write_text("this is no database " * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///broken.db")
    with pytest.raises(InputError, match=r"MLflow at sqlite:///.*not a database"):
        prepare_sqlite_store()


def test_a_port_in_use_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} is in use"):
            store.serve(port, "#/x")


def test_a_store_is_made_as_a_whole_or_not_at_all(send):
    """Whoever makes its tables may be killed: here, once there is the first of the later ones."""
    code = "from genbench.tracking import client; client.mlflow_client('any').__enter__()"
    first = subprocess.Popen([sys.executable, "-c", code])
    while not any(b"CREATE TABLE latest_metrics" in x.read_bytes() for x in Path().rglob("*.db")):
        assert first.poll() is None
        time.sleep(0.002)
    first.kill()
    first.wait()
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert send("sqlite:///mlflow.db") == 6


def test_a_broken_store_costs_one_warning(send, caplog):
    Path("broken.db").write_text("this is no database " * 100)
    send("sqlite:///broken.db", sync.sync)
    (line,) = caplog.messages
    assert line.startswith("MLflow at sqlite:///") and "not a database" in line


def test_a_server_that_never_answers_costs_one_warning(send, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        send(address, sync.sync)
    (line,) = caplog.messages
    assert line.startswith(f"MLflow at {address}: ")


SECRETS = ["geheim", "geh@eim", "geh/eim", "geh:eim", "geh?eim", "geh#eim", "geh%40eim", "geh eim"]
SECRETS += ["@geheim@", "geh'eim", 'geh"eim', "geheim" * 40]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("address", ["nonsense://me:{}@host/runs", "postgresql://me:{}@host/runs"])
def test_passwords_are_not_shown(send, secret, address):
    with pytest.raises(InputError) as caught:
        send(address.format(secret))
    message = str(caught.value)
    assert message.startswith(f"MLflow at {address.partition(':')[0]}://***@host/runs: ")
    assert "geh" not in message and "eim" not in message


@pytest.mark.parametrize(
    "address, shown",
    [
        ("http://me:geh@eim@127.0.0.1:9", "http://***@127.0.0.1:9"),
        ("postgresql://host/runs?user=me&password=geheim", "postgresql://host/runs?***"),
        ("nonsense://geheim@host/runs", "nonsense://***@host/runs"),
    ],
)
def test_no_part_of_an_address_that_may_be_secret_is_shown(send, address, shown):
    with pytest.raises(InputError) as caught:
        send(address)
    message = str(caught.value)
    assert message.startswith(f"MLflow at {shown}: ")
    assert "geh" not in message and "eim" not in message


def test_a_server_with_a_password_is_named_without_it(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:geh@eim@mlflow.example.org/")
    with pytest.raises(InputError, match=r"already: open https://\*\*\*@mlflow.example.org/#/x$"):
        store.serve(5000, "#/x")


def test_the_path_of_a_file_with_an_at_sign_is_shown(send):
    Path("a@b.db").write_text("this is no database " * 100)
    with pytest.raises(InputError, match="a@b.db"):
        send("sqlite:///a@b.db")
