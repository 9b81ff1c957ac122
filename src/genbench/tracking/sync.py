"""One pass over all results, which brings MLflow up to date."""

import logging
from pathlib import Path

from ..params import Params
from ..utils.errors import InputError
from . import content, runs, store, view
from .client import mlflow_client
from .content import NO_NOTES, Notes, RunContent
from .report import Report, upsert_report
from .seeds import upsert_parents
from .selection import FACTS
from .sqlite_file import shorten

log = logging.getLogger(__name__)


def sync(
    params: Params,
    data: Path,
    details: Path,
    *,
    notes: Notes = NO_NOTES,
    report: Report | None = None,
) -> None:
    """`send` at the end of a pipeline, with a warning where that fails: the results are there."""
    try:
        send(params, data, details, notes=notes, report=report, ended=True)
    except InputError as error:
        log.warning("%s; `make track` sends the results later", error)


def send(
    params: Params,
    data: Path,
    details: Path,
    *,
    notes: Notes = NO_NOTES,
    report: Report | None = None,
    ended: bool = False,
) -> int:
    """Bring MLflow up to date with the results in the workspace: one run each. Returns how many.

    notes, ended : see `content.collect`
    report : of these results; None: it is not sent

    Raises
    ------
    InputError : if the store cannot be reached or used, or if a result cannot be stored; all
        others are, even then.
    """
    if not params.tracking.enabled:
        return 0
    contents = list(content.collect(params, data, details, notes=notes, ended=ended))
    if not contents:
        return 0
    failures = []
    sent = []
    with mlflow_client(params.tracking.experiment) as client, store.locked():
        for each in contents:
            try:
                sent.append((each, runs.upsert(client, each)))
            except Exception as error:
                client.find(runs.KEY, each.key)  # raises where it is the store that failed
                failures.append(f"{each.name}: {shorten(error)}")
        upsert_parents(client, sent)
        if metrics := _headlines(contents):
            last = max((step for each in contents for step in each.snapshots), default=0)
            client.save_view(view.saved_view(metrics, last))
        if report:
            upsert_report(client, params, report)
    if failures:
        raise InputError(
            f"{len(failures)} of {len(contents)} runs are not in MLflow ({failures[0]})"
        )
    return len(contents)


def _headlines(contents: list[RunContent]) -> list[str]:
    """The metrics by which models are compared, in the order of the table of metrics."""
    models = [each.metrics for each in contents if each.stage == "train"]
    return list(dict.fromkeys(k for metrics in models for k in metrics if k not in FACTS))
