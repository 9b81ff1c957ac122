"""Send every result in the workspace to MLflow, or browse what is there (--serve PORT)."""

import logging
from pathlib import Path

from genbench import params
from genbench.report.findings.model import model_notes, study_note
from genbench.report.page import load_whole
from genbench.results.run import DatasetResults, collect
from genbench.results.summary import summarize
from genbench.tracking import content, store, sync
from genbench.tracking.client import mlflow_client
from genbench.tracking.report import Report
from genbench.utils import cli, files, lock_file
from genbench.utils.errors import InputError


def main(
    data: Path = Path("data"),
    details: Path = Path("metrics/details"),
    lock: Path = Path("dvc.lock"),
    summary: Path = Path("metrics/summary.json"),
    reports: Path = Path("reports"),
    serve: int | None = None,
) -> None:
    choices = params.load()
    if serve is not None:
        with mlflow_client(choices.tracking.experiment) as client:
            page = client.runs_page()
        store.serve(serve, page)
    if not choices.tracking.enabled:
        raise InputError("tracking.enabled is false: nothing is sent to MLflow")
    names = {*choices.datasets, *(run.name for run in content.collect(choices, data, details))}
    if lock.exists():
        check(lock, names, files.load_yaml(Path("params.yaml")))
    try:
        results = collect(choices, data, details)
    except InputError:  # the pipeline has not come so far
        results = []
    notes, report = model_notes(results, choices), None
    if is_reported(results, summary, reports):
        report = Report(load_whole(reports), summary, study_note(results, choices))
    n_runs = sync.send(choices, data, details, notes=notes, report=report)
    logging.info("%d runs are up to date in MLflow", n_runs)


def check(lock: Path, names: set[str], tree: dict) -> None:
    """Refuse results that other parameters made: their runs would bear the wrong ones."""
    for stage, entry in lock_file.load(lock).items():
        for key, then in entry.get("params", {}).get("params.yaml", {}).items():
            now = tree
            for part in key.split("."):
                now = now.get(part, {})
            if stage.partition("@")[2] in names and now != then:
                raise InputError(f"{stage} ran with another `{key}` than now: first `dvc repro`")


def is_reported(results: list[DatasetResults], summary: Path, reports: Path) -> bool:
    """Whether the report in the workspace is that of these results."""
    is_there = summary.exists() and (reports / "index.html").exists()
    return is_there and files.load_json(summary) == files.rounded(summarize(results))


if __name__ == "__main__":
    cli.run(main)
