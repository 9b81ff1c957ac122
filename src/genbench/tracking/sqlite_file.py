"""The SQLite file of a store: made whole, and right about where it is after a move.

MLflow keeps absolute addresses of the files of runs.
"""

import sqlite3
import tempfile
import textwrap
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..utils.errors import InputError
from . import store

ADDRESSES = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
}
"""The columns with addresses, by table."""


def prepare_sqlite_store() -> None:
    """Make the SQLite file of a store that has none yet, or let it know where it is now.

    It has all of its tables or is not there at all: MLflow makes table after table in place, and
    cannot go on where it was killed.
    """
    uri, artifacts, path = store.tracking_store()
    if path is None or artifacts is None:
        return
    with failures_in_one_line(uri):
        if not path.exists():
            _create(path, artifacts)
        with store.locked():
            _follow_move(path, artifacts)


def _create(path: Path, artifacts: str) -> None:
    configure_mlflow()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".mlflow-") as scratch:
        new = Path(scratch) / "new.db"
        SqlAlchemyStore(f"sqlite:///{store.quote_sqlite_path(new)}", artifacts).engine.dispose()
        with store.locked():
            if not path.exists():
                new.rename(path)


def configure_mlflow() -> None:
    """Set what MLflow has no setting for, after those of its environment."""
    store.configure_mlflow_env()
    from mlflow.store.db import utils

    utils.MAX_RETRY_COUNT = 3  # about a second for a database that is down, not 100
    utils._make_parent_dirs_if_sqlite = lambda db_uri: None  # makes "a%3Fb" beside the folder "a?b"


@contextmanager
def failures_in_one_line(uri: str):
    """Turn any failure of the block into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # drivers, HTTP and files each fail in their own way
        raise InputError(f"MLflow at {store.mask(uri)}: {shorten(error)}") from error


def shorten(error: Exception) -> str:
    """The message of an error in at most 160 characters, without passwords."""
    return textwrap.shorten(store.mask(str(error)), 160, placeholder=" ...")


def _follow_move(file: Path, artifacts: str) -> None:
    """Let the addresses in a SQLite store of ours start at `artifacts`, where its files are now.

    The experiment that MLflow makes with the store says where that was. The address of a run or
    model stays if its files are at the old place only. A store of another layout is left alone.
    """
    with closing(sqlite3.connect(file)) as database, database:
        tables = {name for (name,) in database.execute("select name from sqlite_master")}
        if not tables >= ADDRESSES.keys():
            return  # of another version: MLflow says so
        default = "select artifact_location from experiments where experiment_id = 0"
        (address,) = database.execute(default).fetchone() or (None,)
        before = (address or "").removesuffix("/0")
        if before == artifacts or not before.endswith("/mlartifacts"):
            return

        def moved(old: str | None, table: str) -> str | None:
            if not old or not f"{old}/".startswith(f"{before}/"):
                return old
            new = artifacts + old[len(before) :]
            stays = table != "experiments" and _is_there(old) and not _is_there(new)
            return old if stays else new

        database.create_function("moved", 2, moved)
        for table, column in ADDRESSES.items():
            database.execute(f"update {table} set {column} = moved({column}, '{table}')")


def _is_there(address: str) -> bool:
    return Path(url2pathname(urlsplit(address).path)).exists()
