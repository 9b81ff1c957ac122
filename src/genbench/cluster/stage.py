"""Runs one stage in a folder that has the code, and nothing else but what the stage needs."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

LOCK = "dvc.lock"
_synchronized: set[str] = set()
"""Folders whose run cache has been filled from the remote by this process."""


class Task(NamedTuple):
    """One stage to run; all of it is plain, so that it can be sent.

    stage : its address
    needs : the stages whose outputs it depends on
    lock : what dvc.lock says of these, and of the stage after an earlier run
    log : the file for what it prints, from the folder in which it runs
    gpu : whether it is to have a GPU, where there is one
    remote : whether what it needs and makes goes through DVC's remote
    """

    stage: str
    needs: list[str]
    lock: dict[str, Any]
    log: str
    gpu: bool = False
    remote: bool = False


class Result(NamedTuple):
    """What became of a task.

    entry : what dvc.lock says of the stage now; None if it failed
    error : why, in a line; "" if it did not
    seconds : that it took
    output : what it printed, where its log cannot be seen from elsewhere
    """

    entry: dict[str, Any] | None
    error: str
    seconds: float
    output: str = ""


def run_stage(task: Task, folder: Path) -> Result:
    """Fetch what the stage needs from DVC's cache, and run it unless the cache has its outputs."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.utils.serialize import dump_yaml, load_yaml

    start = time.monotonic()
    entry, error = None, ""
    log = folder / task.log
    with chdir(folder), _printing_to(log):
        dump_yaml(LOCK, {"schema": "2.0", "stages": task.lock})
        try:
            with Repo(".") as repo:
                _fetch(repo, task)
                repo.reproduce(task.stage, single_item=True)
                if task.remote:
                    repo.push([task.stage], run_cache=True)
            entry = load_yaml(LOCK)["stages"][task.stage]
        except (DvcException, OSError) as problem:
            error = " ".join(f"{problem.__cause__ or problem}".split())
            logging.getLogger("dvc").error(error)
    if error:
        error = _last_line(log) or error
    output = _read(log) if task.remote else ""
    return Result(entry, error, time.monotonic() - start, output)


def _fetch(repo, task: Task) -> None:
    """Put what the stage needs into the workspace; from the remote also what others have run."""
    if not task.remote:
        if task.needs:
            repo.checkout(task.needs, force=True)
        return
    if repo.root_dir not in _synchronized:  # once, as all of the run cache is copied
        repo.stage_cache.pull(None)
        _synchronized.add(repo.root_dir)
    if task.needs:
        repo.pull(task.needs, force=True)


@contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    """Send what this process and its children print to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


def _last_line(log: Path) -> str:
    """The error of the stage's own program, in its log; "" without one."""
    lines = reversed(_read(log).splitlines())
    return next((line for line in lines if line.startswith("error: ")), "")
