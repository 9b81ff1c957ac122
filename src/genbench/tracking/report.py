"""The run of a whole study: its report is an artifact, its findings are the description."""

import time
from itertools import product
from pathlib import Path
from typing import NamedTuple

from ..params import Params
from ..utils import provenance
from . import runs
from .runs import CONTENT, KEY, TRAINING

NAME = "genbench.report"


class Report(NamedTuple):
    """The page and what it is of.

    page : HTML with its pictures inside: MLflow's viewer loads no others
    summary : the file of the headlines; findings : of the study, in Markdown
    """

    page: str
    summary: Path
    findings: str

    @property
    def content_digest(self) -> str:
        """All there is to send in 16 hexadecimal digits."""
        return provenance.digest([self.page, self.findings])


def upsert_report(client, params: Params, report: Report) -> None:
    """Make sure that one run of these choices and headlines holds the report as it is now."""
    tags = {KEY: _key(params), TRAINING: provenance.digest([provenance.sha256(report.summary)])}
    earlier = client.find(KEY, tags[KEY])
    run = next((run for run in earlier if run.data.tags[TRAINING] == tags[TRAINING]), None)
    if run and runs.is_sent(run, report.content_digest):
        return
    run = run or runs.create(client, NAME, round(1000 * time.time()), "report", tags)
    names = {"datasets": params.datasets, "models": params.models}
    client.log(run, parameters={key: ", ".join(values) for key, values in names.items()})
    client.add_text(run, report.page, "index.html")
    client.log(run, tags=runs.note(run, report.findings) | {"genbench.stage": "report"})
    client.finish(run, "FINISHED")
    client.log(run, tags={CONTENT: report.content_digest})  # last: an interrupted pass goes on


def _key(params: Params) -> str:
    """All choices behind the report in 16 hexadecimal digits."""
    trainings = [params.of_run(*item) for item in product(params.datasets, params.models)]
    return provenance.digest([NAME, trainings, params.sweep.model_dump()])
