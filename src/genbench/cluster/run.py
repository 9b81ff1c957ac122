"""`make repro`: the same end as `dvc repro`, with many stages at once on the way."""

import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..utils import files, lock_file
from ..utils.errors import InputError
from ..utils.paths import WORKERS
from . import config, dvc_locks, serial, snapshot
from .local import LocalPool, default_slots
from .schedule import Schedule
from .stage import Task

LOGS = Path(".genbench/logs")


@dataclass(frozen=True)
class Where:
    """Where stages run.

    jobs : so many at once on this machine
    cluster : the machines that run them instead, and `file`, which says it
    """

    jobs: int
    cluster: config.Cluster | None = None
    file: Path = Path()

    @property
    def remote(self) -> bool:
        """Whether what stages need and make goes through DVC's remote."""
        return self.cluster is not None and self.cluster.exchange == "remote"

    def pool(self, *, folder: Path, code: bytes, dvc: str):
        """The processes that run stages."""
        if self.cluster is None:
            return LocalPool(self.jobs, folder=folder, code=code, config=dvc)
        from .parsl_pool import ParslPool

        return ParslPool(self.cluster, self.file, folder=folder, code=code, dvc=dvc)


def repro(
    targets: tuple[str, ...] = (), *, jobs: int | None = None, file: Path | None = None
) -> None:
    """Run what is not up to date, `jobs` stages at once; then DVC checks that nothing is left.

    jobs : None: see `local.default_slots`
    file : the machines that run stages instead of this one, see `config.py`

    Raises
    ------
    InputError : if a stage failed, or another run is under way; what there is has been reported.
        For what would stop DVC itself: params.yaml, dvc.lock or locks that cannot be read
    """
    jobs = default_slots() if jobs is None else jobs
    if jobs < 1:
        raise InputError(f"JOBS must be at least 1, got {jobs}")
    if file and " " in str(Path.cwd()):
        raise InputError(f"Parsl cannot use a folder with a space in its name: rename {Path.cwd()}")
    where = Where(jobs, config.load(file), file) if file else Where(jobs)
    files.load_yaml(Path("params.yaml"))  # DVC reads these before the stage `params` can check them
    lock_file.load()
    dvc_locks.check()
    failed = run_beside_each_other(targets, where) if file or jobs > 1 else False
    serial.finish(*targets, failed=failed)


def run_beside_each_other(targets: tuple[str, ...], where: Where) -> bool:
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
            return _run(targets, where, folder)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted; `make repro` goes on") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _run(targets: tuple[str, ...], where: Where, folder: Path) -> bool:
    from .pipeline import Error, Pipeline, lock_entries

    before = lock_entries()
    lost: set[str] = set()
    try:
        pipeline = Pipeline(targets)
        changed = pipeline.changed()
        if changed.intersection(pipeline.first):
            exit_code = serial.repro("--keep-going", *pipeline.first)
            pipeline = Pipeline(targets)
            changed = pipeline.changed()
            if exit_code:
                lost = _after(changed.intersection(pipeline.first), pipeline.needs)
    except Error:
        return False  # `dvc repro` says why
    todo = [name for name in pipeline.movable if name in changed and name not in lost]
    if not todo:
        return bool(lost)
    logs = LOGS / time.strftime("%Y%m%d-%H%M%S")
    schedule = Schedule(todo, pipeline.needs, _tasks(pipeline, lock_entries(), logs, where.remote))
    dvc = _prepare_remote(pipeline, todo, where) if where.remote else pipeline.dvc_config()
    code = snapshot.pack(pipeline.inputs())
    with where.pool(folder=folder, code=code, dvc=dvc) as pool:
        schedule.run(pool)
    done = list(schedule.entries)
    if done:
        pipeline.write_lock(before, schedule.entries)
        if where.remote:
            pipeline.pull(done)
        pipeline.checkout(done)
    report_failures(schedule, logs)
    pipeline.remove_outputs(list(schedule.errors))
    return bool(schedule.errors or lost)


def _tasks(pipeline, entries: Mapping[str, Any], logs: Path, remote: bool):
    """A function that makes what is to be sent for a stage, from `entries` and new ones."""

    def task(name: str, made: Mapping[str, Any]) -> Task:
        known = {**entries, **made}
        needs = pipeline.needs[name]
        return Task(
            stage=name,
            needs=needs,
            lock={key: known[key] for key in (*needs, name) if key in known},
            log=str((logs if remote else logs.absolute()) / f"{name}.txt"),
            gpu=pipeline.uses_gpu(name),
            remote=remote,
        )

    return task


def _prepare_remote(pipeline, todo: list[str], where: Where) -> str:
    """Send what stages need to the remote; what DVC is told on a node."""
    if not pipeline.has_remote:
        raise InputError(
            f"{where.file}: exchange: remote needs a default remote of DVC: "
            "`dvc remote add --default <name> <place>`"
        )
    pipeline.push(sorted({need for name in todo for need in pipeline.needs[name]} - set(todo)))
    return pipeline.dvc_config(cache="../../../cache", remote=True)  # beside the run's folder


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
