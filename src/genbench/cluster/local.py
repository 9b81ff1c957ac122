"""Processes on this machine that run stages, each in a folder of its own."""

import json
import os
import queue
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from . import snapshot
from .stage import Result, Task

PACKAGES = Path(__file__).parents[2]


class WorkerDied(Exception):
    """The process that ran a stage is gone: killed, or out of memory."""


class LocalPool:
    """As many processes as stages may run at once; a context manager, at whose end all stop.

    Parameters
    ----------
    slots : the number of processes
    folder : where each makes one of its own
    code, config : see `snapshot.unpack`
    """

    lost = (WorkerDied,)
    starts = 3

    def __init__(self, slots: int, *, folder: Path, code: bytes, config: str):
        self.slots = slots
        self.threads = ThreadPoolExecutor(slots)
        own = [_environment(n, slots) for n in range(slots)]
        self.workers = [Worker(folder / str(n), code, config, own[n]) for n in range(slots)]
        self.idle: queue.Queue[Worker] = queue.Queue()
        for worker in self.workers:
            self.idle.put(worker)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.dismiss()
        for worker in self.workers:
            worker.wait()
        self.threads.shutdown(cancel_futures=True)

    def submit(self, task: Task) -> "Future[Result]":
        """Run a stage; the future's result, or WorkerDied."""
        return self.threads.submit(self._run, task)

    def _run(self, task: Task) -> Result:
        worker = self.idle.get()
        try:
            return worker.run(task)
        finally:
            self.idle.put(worker)


class Worker:
    """One process and its folder; both are made when first needed."""

    def __init__(self, folder: Path, code: bytes, config: str, environment: dict[str, str]):
        self.folder = folder
        self.code = code
        self.config = config
        self.environment = environment
        self.process: Any = None

    def run(self, task: Task) -> Result:
        process = self.process or self._start()
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            self._clean_up()
            raise WorkerDied("the process that ran it was killed")
        return Result(*json.loads(answer))

    def _start(self) -> Any:
        if not self.folder.exists():
            snapshot.unpack(self.code, self.folder, self.config)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "genbench.cluster.worker", str(self.folder)],
            cwd=PACKAGES,
            env={**os.environ, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # the terminal's Ctrl-C is for the driver alone
        )
        return self.process

    def _clean_up(self) -> None:
        """End what a process that was killed has left running."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def dismiss(self) -> None:
        """Let the process end, with the stage that it runs."""
        if self.process:
            self.process.stdin.close()

    def wait(self) -> None:
        """Until it has ended."""
        if process := self.process:
            process.wait()


def default_slots() -> int:
    """A stage per GPU, whose memory one may need; without GPUs, per core with its GiB of memory."""
    from joblib import cpu_count  # also knows the limits of a container

    return len(_gpus()) or max(1, min(cpu_count(), psutil.virtual_memory().available // 2**30))


def _environment(number: int, slots: int) -> dict[str, str]:
    """What one of several processes is told: its GPU, in turn, and its share of the cores."""
    from joblib import cpu_count

    threads = os.environ.get("OMP_NUM_THREADS", str(max(1, cpu_count() // slots)))
    gpus = _gpus()
    own = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else {}
    return {"OMP_NUM_THREADS": threads, **own}


def _gpus() -> list[str]:
    """The GPUs that the user has not hidden."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return [str(n) for n in range(_count_gpus())]
    return [name for name in chosen.split(",") if name]


def _count_gpus() -> int:
    with suppress(FileNotFoundError):
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
        return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
    return 0
