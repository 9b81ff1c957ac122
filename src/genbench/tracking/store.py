"""Where MLflow keeps the runs of this repository, and how it is made to behave."""

import os
import re
import socket
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from ..utils.errors import InputError
from ..utils.paths import main_repository
from . import browser

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # what goes wrong is said in one line, by us
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",  # seconds; MLflow's own patience is minutes
}
SECONDS_FOR_LOCK = 60


class Store(NamedTuple):
    """Where runs are kept.

    artifacts : URI of the folder for a new experiment's files; None: the server knows
    file : of a SQLite store; None for another
    """

    uri: str
    artifacts: str | None
    file: Path | None


def tracking_store() -> Store:
    """The store of this repository: MLFLOW_TRACKING_URI, or mlflow.db.

    A relative SQLite path starts at the main repository, and ~ is the home folder.
    """
    uri = os.path.expanduser(os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db")
    if re.match(r"[\w.-]+:\d+(/|$)", uri):  # MLflow takes it for a folder
        raise InputError(f"MLFLOW_TRACKING_URI: a server is http://{uri} or https://; got {uri}")
    if uri.startswith(("http", "databricks")):
        return Store(uri, None, None)
    _refuse_percent_sign()
    folder = main_repository()
    if not uri.startswith("sqlite:///"):
        return Store(uri, (folder / "mlartifacts").as_uri(), None)
    name, mark, options = uri.removeprefix("sqlite:///").partition("?")
    file = folder / os.path.expanduser(unquote(name))
    uri = f"sqlite:///{quote_sqlite_path(file)}{mark}{options}"
    return Store(uri, (file.parent / "mlartifacts").as_uri(), file)


def mask(text: str) -> str:
    """A text in which what the address of the store has before its last @ and behind ? is ***.

    A password may hold any sign, and drivers take the first @ for its end: they repeat the rest.
    """
    uri = tracking_store().uri
    place = uri.partition("://")[2]
    if place.startswith("/"):  # a file
        return text
    user, at, host = place.rpartition("@")
    options = host.partition("?")[2]
    for secret in (f"{user}{at}", options):
        if secret:
            text = text.replace(secret, "***@" if secret.endswith("@") else "***")
    return re.sub(r"[^\s/'\"]+@", "***@", text)


def _refuse_percent_sign() -> None:
    """MLflow gives the place of its own code to alembic, which takes % for a mark of its own."""
    place = Path(getattr(find_spec("mlflow"), "origin", None) or "").parent
    if "%" in str(place):
        raise InputError(f"MLflow cannot be used from a folder with % in its name: rename {place}")


def quote_sqlite_path(path: Path) -> str:
    """Only what would end or change a path in a database URI; spaces may stay."""
    return str(path).replace("%", "%25").replace("?", "%3F")


def configure_mlflow_env() -> None:
    """Set MLflow's environment, where the user has not; it is read when MLflow is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


@contextmanager
def locked():
    """Keep other processes of this repository from changing the same runs at the same time."""
    from filelock import FileLock

    path = main_repository() / ".genbench" / "mlflow.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path, timeout=SECONDS_FOR_LOCK):
        yield


def serve(port: int, page: str) -> None:
    """Become MLflow's server, for this machine only, and say where the page of runs is.

    page : what follows the address of the server and /
    """
    uri, artifacts, file = tracking_store()
    if artifacts is None:
        address = mask(uri.rstrip("/"))
        raise InputError(f"MLFLOW_TRACKING_URI is a server already: open {address}/{page}")
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, OverflowError):
        raise InputError(f"port {port} is in use or cannot be; try `make ui PORT=5001`") from None
    os.environ["MLFLOW_LOGGING_LEVEL"] = "WARNING"
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # half the start-up
    configure_mlflow_env()
    if file:  # by its name only: MLflow would make "a%3Fb" beside the folder "a?b"
        os.chdir(file.parent)
        uri = uri.replace(quote_sqlite_path(file), quote_sqlite_path(Path(file.name)))
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--artifacts-destination", artifacts]
    os.environ["MLFLOW_BACKEND_STORE_URI"] = uri  # other users can read a command, not this
    command += ["--workers", "1", "--uvicorn-opts", "--log-level warning"]
    server = f"http://127.0.0.1:{port}"
    print(f"MLflow: {server}/{page} in a few seconds (Ctrl-C ends it)", flush=True)
    browser.open_when_ready(server, page)
    os.execv(sys.executable, command)
