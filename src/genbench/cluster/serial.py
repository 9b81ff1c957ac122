"""`dvc repro` as a process of its own, one stage after the other; Ctrl-C ends all of it."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from ..utils.errors import InputError

CHECKED = Path("data/params.validated")
FOLDERS = (Path("data/models"), Path("data/samples"))
"""What the stage report depends on, and no stage may have written."""


def finish(*targets: str, failed: bool = False) -> None:
    """Run what is not up to date, past a stage that fails; then at least the report.

    failed : a stage has failed already, so that only the report is to be run
    """
    if not failed and repro("--keep-going", *targets) == 0:
        return
    if not CHECKED.exists():
        raise InputError("nothing was run, for the reason above")
    for folder in FOLDERS:
        folder.mkdir(parents=True, exist_ok=True)
    if repro("--single-item", "report") == 0:
        raise InputError("a stage failed, reports/index.html says which; `make repro` tries again")
    raise InputError("a stage failed, and so did the report; `make repro` tries again")


def repro(*options: str) -> int:
    """Run `dvc repro`; the exit code. Ctrl-C ends it, and not only the stage that runs.

    DVC ignores Ctrl-C while a stage runs, and would keep going with the next one: it is ended at
    once, and the stage, which the terminal has interrupted as well, is waited for. Where no stage
    runs DVC ends by itself.
    """
    process = subprocess.Popen([sys.executable, "-m", "dvc", "repro", *options])
    stages: list[psutil.Process] = []

    def interrupt(*_) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            stages.extend(psutil.Process(process.pid).children())
        if stages:
            process.terminate()
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, interrupt)  # `wait` would raise 0.25 s later
    try:
        return process.wait()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, previous)
        process.wait()
        psutil.wait_procs(stages)
        raise KeyboardInterrupt("interrupted; `make repro` goes on") from None
    finally:
        signal.signal(signal.SIGINT, previous)
