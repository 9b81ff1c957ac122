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

    folder : holds index.html and figures/; summary : the file of the headlines
    findings : of the study, in Markdown
    """

    folder: Path
    summary: Path
    findings: str

    @property
    def files(self) -> list[Path]:
        """The page and its pictures; what else is in the folder is not for people."""
        pictures = sorted(self.folder.glob("figures/**/*"))
        return [self.folder / "index.html", *(path for path in pictures if path.is_file())]

    @property
    def content_digest(self) -> str:
        """All there is to send in 16 hexadecimal digits."""
        sums = {self._path(file): provenance.sha256(file) for file in self.files}
        return provenance.digest([sums, self.findings])

    def by_folder(self) -> dict[str, list[Path]]:
        """The files by the folder of the artifacts where they belong."""
        folders: dict[str, list[Path]] = {}
        for file in self.files:
            folders.setdefault(self._path(file.parent), []).append(file)
        return folders

    def _path(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix().removeprefix(".")


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
    for folder, paths in report.by_folder().items():
        client.add_files(run, paths, folder)
    client.log(run, tags=runs.note(run, report.findings) | {"genbench.stage": "report"})
    client.finish(run, "FINISHED")
    client.log(run, tags={CONTENT: report.content_digest})  # last: an interrupted pass goes on


def _key(params: Params) -> str:
    """All choices behind the report in 16 hexadecimal digits."""
    trainings = [params.of_run(*item) for item in product(params.datasets, params.models)]
    return provenance.digest([NAME, trainings, params.sweep.model_dump()])
