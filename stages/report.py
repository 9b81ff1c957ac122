"""Write the report, its figures and plots, and the headlines; send every result to MLflow."""

from pathlib import Path

from genbench import params
from genbench.report.findings.model import model_notes, study_note
from genbench.report.page import load_whole, save_report
from genbench.results.run import collect
from genbench.results.summary import summarize
from genbench.tracking import sync
from genbench.tracking.report import Report
from genbench.utils import cli, files


def main(data: Path, details: Path, summary: Path, out: Path) -> None:
    choices = params.load()
    results = collect(choices, data, details)
    save_report(choices, results, out)
    files.save_json(summary, summarize(results))
    notes = model_notes(results, choices)
    report = Report(load_whole(out), summary, study_note(results, choices))
    sync.sync(choices, data, details, notes=notes, report=report)


if __name__ == "__main__":
    cli.run(main)
