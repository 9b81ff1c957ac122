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
        self.workers = [Worker(folder / str(n), n, code, config) for n in range(slots)]
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

    def __init__(self, folder: Path, number: int, code: bytes, config: str):
        self.folder = folder
        self.number = number
        self.code = code
        self.config = config
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
            env={**os.environ, **_gpu(self.number)},
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


def _gpu(number: int) -> dict[str, str]:
    """The environment that gives a process one GPU of several, in turn; {} where there are none."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen == "":
        return {}
    names = chosen.split(",") if chosen else [str(n) for n in range(_count_gpus())]
    return {"CUDA_VISIBLE_DEVICES": names[number % len(names)]} if names else {}


def _count_gpus() -> int:
    with suppress(FileNotFoundError):
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
        return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
    return 0
