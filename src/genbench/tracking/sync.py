"""One pass over all results, which brings MLflow up to date."""

import sys
from pathlib import Path

from ..utils.errors import InputError
from . import results, runs, store
from .client import _short, mlflow_client


def sync(params, data: Path, metrics: Path) -> None:
    """`send`, with a warning where that fails: the results are there all the same."""
    try:
        send(params, data, metrics)
    except InputError as error:
        print(f"warning: {error}; `make track` sends the results later", file=sys.stderr)


def send(params, data: Path, metrics: Path) -> int:
    """Bring MLflow up to date with the results in the workspace: one run each. Returns how many.

    Raises
    ------
    InputError : if the store cannot be reached or used, or if a result cannot be stored; all
        others are, even then.
    """
    found = list(results.collect(params, data, metrics)) if params.tracking.enabled else []
    failed = []
    if found:
        with mlflow_client(params.tracking.experiment) as client, store.locked():
            for result in found:
                try:
                    runs.upsert(client, result)
                except Exception as error:
                    client.find(runs.KEY, result.key)  # raises where it is the store that failed
                    failed.append(f"{result.name}: {_short(error)}")
    if failed:
        raise InputError(f"{len(failed)} of {len(found)} runs are not in MLflow ({failed[0]})")
    return len(found)
