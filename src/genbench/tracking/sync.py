"""One pass over all results, which brings MLflow up to date."""

import logging
from pathlib import Path

from ..params import Params
from ..utils.errors import InputError
from . import content, runs, store
from .client import mlflow_client
from .sqlite_file import shorten

log = logging.getLogger(__name__)


def sync(params: Params, data: Path, details: Path) -> None:
    """`send`, with a warning where that fails: the results are there all the same."""
    try:
        send(params, data, details, ended=True)
    except InputError as error:
        log.warning("%s; `make track` sends the results later", error)


def send(params: Params, data: Path, details: Path, *, ended: bool = False) -> int:
    """Bring MLflow up to date with the results in the workspace: one run each. Returns how many.

    ended : the pipeline is not under way: see `content.collect`

    Raises
    ------
    InputError : if the store cannot be reached or used, or if a result cannot be stored; all
        others are, even then.
    """
    contents = []
    if params.tracking.enabled:
        contents = list(content.collect(params, data, details, ended=ended))
    failures = []
    if contents:
        with mlflow_client(params.tracking.experiment) as client, store.locked():
            for each in contents:
                try:
                    runs.upsert(client, each)
                except Exception as error:
                    client.find(runs.KEY, each.key)  # raises where it is the store that failed
                    failures.append(f"{each.name}: {shorten(error)}")
    if failures:
        raise InputError(
            f"{len(failures)} of {len(contents)} runs are not in MLflow ({failures[0]})"
        )
    return len(contents)
