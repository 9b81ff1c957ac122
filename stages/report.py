"""Write the report, its figures and plots, and the summary; send every result to MLflow."""

from pathlib import Path

from genbench import cli, params, tracking
from genbench.reporting import report, summary


def main(argv=None):
    a = cli.parse(__doc__, argv, data=Path, metrics=Path, summary=Path, out=Path)
    p = params.load()
    studies = summary.collect(p, a.data, a.metrics)
    report.save(p, studies, a.summary, a.out)
    tracking.sync(p, a.data, a.metrics)


if __name__ == "__main__":
    cli.run(main)
