"""`make repro`: the same end as `dvc repro`, with many stages at once on the way."""

import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..utils.errors import InputError
from ..utils.paths import WORKERS
from . import serial, snapshot
from .local import LocalPool, WorkerDied
from .schedule import Schedule
from .stage import Task

LOGS = Path(".genbench/logs")


def repro(targets: tuple[str, ...] = (), *, jobs: int = 1) -> None:
    """Run what is not up to date, `jobs` stages at once; then DVC checks that nothing is left.

    Raises
    ------
    InputError : if a stage failed, or another run is under way; what there is has been reported
    """
    if jobs < 1:
        raise InputError(f"JOBS must be at least 1, got {jobs}")
    failed = run_beside_each_other(targets, jobs) if jobs > 1 else False
    serial.finish(*targets, failed=failed)


def run_beside_each_other(targets: tuple[str, ...], jobs: int) -> bool:
    """Run what can run in folders of its own; whether a stage failed."""
    WORKERS.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(WORKERS.parent / "repro.lock", timeout=0).acquire()
    except Timeout:
        raise InputError("another `make repro` is under way in this repository") from None
    with lock:
        for leftover in WORKERS.iterdir():  # of a run that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        folder = WORKERS.absolute() / uuid.uuid4().hex[:8]
        try:
            return _run(targets, jobs, folder)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted; `make repro` goes on") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _run(targets: tuple[str, ...], jobs: int, folder: Path) -> bool:
    from .pipeline import Error, Pipeline, lock_entries

    before = lock_entries()
    try:
        pipeline = Pipeline(targets)
        changed = pipeline.changed()
        if changed.intersection(pipeline.first):
            serial.repro("--keep-going", *pipeline.first)
            pipeline = Pipeline(targets)
            changed = pipeline.changed()
    except Error:
        return False  # `dvc repro` says why
    lost = _after(changed.intersection(pipeline.first), pipeline.needs)
    todo = [name for name in pipeline.movable if name in changed and name not in lost]
    if not todo:
        return bool(lost)
    entries = lock_entries()
    logs = LOGS / time.strftime("%Y%m%d-%H%M%S")

    def task(name: str, made: Mapping[str, Any]) -> Task:
        known = {**entries, **made}
        needs = pipeline.needs[name]
        lock = {key: known[key] for key in (*needs, name) if key in known}
        return Task(name, needs, lock, str(logs.absolute() / f"{name}.txt"))

    schedule = Schedule(todo, pipeline.needs, task, (WorkerDied,))
    code = snapshot.pack(pipeline.inputs())
    cache = Path(pipeline.repo.cache.legacy.path)
    with LocalPool(jobs, folder=folder, code=code, cache=cache) as pool:
        schedule.run(pool)
    if schedule.entries:
        pipeline.write_lock(before, schedule.entries)
        pipeline.checkout(list(schedule.entries))
    report_failures(schedule, logs)
    pipeline.remove_outputs(list(schedule.errors))
    return bool(schedule.errors or lost)


def report_failures(schedule: Schedule, logs: Path) -> None:
    """Say which stages failed, why, and where to read more."""
    for name, error in schedule.errors.items():
        print(f"{name} failed: {error}; see {logs / name}.txt", file=sys.stderr)
    if schedule.skipped:
        print(f"not run, as they need these: {', '.join(schedule.skipped)}", file=sys.stderr)


def _after(failed: set[str], needs: Mapping[str, list[str]]) -> set[str]:
    """`failed`, and all stages that need one of them; `needs` is in an order of running."""
    lost = set(failed)
    for name in needs:
        if lost.intersection(needs[name]):
            lost.add(name)
    return lost
