"""Write the report, its figures and plots, and the summary; send every result to MLflow."""

from pathlib import Path

from genbench import params
from genbench.report import results
from genbench.report.page import save_report
from genbench.tracking import sync
from genbench.utils import cli


def main(argv=None):
    a = cli.parse(__doc__, argv, data=Path, metrics=Path, summary=Path, out=Path)
    p = params.load()
    studies = results.collect(p, a.data, a.metrics)
    save_report(p, studies, a.summary, a.out)
    sync.sync(p, a.data, a.metrics)


if __name__ == "__main__":
    cli.run(main)
