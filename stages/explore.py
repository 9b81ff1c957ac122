"""Write reports/explorer.html, in which models run in the browser (--run ID: that of a run)."""

import logging
from pathlib import Path

from genbench import params
from genbench.explorer import runtime
from genbench.explorer.collect import add_pipeline, add_run
from genbench.explorer.content import Content
from genbench.explorer.page import save_page
from genbench.tracking.upload import add_page
from genbench.utils import cli

MEGABYTE = 1e6


def main(
    data: Path = Path("data"),
    details: Path = Path("metrics/details"),
    reports: Path = Path("reports"),
    run: str | None = None,
    dataset: str | None = None,
    models: str | None = None,
) -> None:
    choices = params.load()
    engine = runtime.install()
    content = Content(choices)
    if run is None:
        add_pipeline(content, data, details, dataset, models and models.split(","))
    else:
        add_run(content, run, data)
    out = reports / (f"explorer-{run}.html" if run else "explorer.html")
    save_page(content, engine, out, run)
    if run is not None:
        add_page(run, out)
    logging.info("%s: %.1f MB", out, out.stat().st_size / MEGABYTE)


if __name__ == "__main__":
    cli.run(main)
