"""Loss curves in MLflow while a training runs, with MLflow kept out of the training's process.

Importing MLflow and opening its store in a thread takes the interpreter's lock from a training of
small networks for about five seconds; a child process of low priority costs it far less, and
whatever happens to the store happens to the child alone.
"""

import json
import math
import os
import subprocess
import sys
import time
from contextlib import contextmanager

from ..params.renamed import first_names
from ..utils.provenance import digest

SECONDS_BETWEEN_BATCHES = 2
SECONDS_TO_FINISH = 0.5  # what the child has not sent by then, the pass over the results sends


@contextmanager
def live_logging(params, dataset: str, model: str):
    """Yield `log(row)`; a training that lasts `live_after` seconds shows in MLflow while it runs.

    `log` never waits and never fails; shorter trainings start nothing.
    """
    if not params.tracking.enabled:
        yield lambda row: None
        return
    choices = params.of_run(dataset, model)
    header = {
        "experiment": params.tracking.experiment,
        "name": f"{dataset}-{model}",
        "key": digest(first_names(choices)),
        "choices": choices,
        "start": _milliseconds(),
    }
    child = LiveLogger(header, params.tracking.live_after)
    try:
        yield child.log
    except KeyboardInterrupt:  # must not wait; the child sees the pipe close and ends by itself
        raise
    except BaseException:
        child.end("FAILED")
        raise
    child.end("FINISHED")


class LiveLogger:
    """Feeds `python -m genbench.tracking.live` JSON lines, and never waits for it."""

    def __init__(self, header: dict, after: float):
        self.due = time.monotonic() + after
        self.process: subprocess.Popen[bytes] | None = None
        self.pipe: int
        self.points: list[tuple] = []
        self.unsent = json.dumps(header).encode() + b"\n"

    def log(self, row: dict[str, float]) -> None:
        """Take a row of the history: the images seen, and metrics by name."""
        metrics = {name: value for name, value in row.items() if name != "images"}
        self.points.append((_milliseconds(), row["images"], metrics))
        if time.monotonic() >= self.due:
            self.due = time.monotonic() + SECONDS_BETWEEN_BATCHES
            self._send()

    def _send(self) -> None:
        try:
            if self.process is None:
                self._start()
            self._pack(points=self.points)
            n_bytes = os.write(self.pipe, self.unsent)
            self.unsent = self.unsent[n_bytes:]
        except BlockingIOError:  # the pipe is full: the child is busy, the next call tries again
            pass
        except OSError:  # the child is gone and has said why
            self.due = math.inf

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "genbench.tracking.live"],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            # Ctrl-C is for the training, whose end the child then notes. No session of its own:
            # Linux shares processors between sessions first, where a low priority counts nothing.
            process_group=0,
        )
        assert self.process.stdin is not None
        self.pipe = self.process.stdin.fileno()
        os.set_blocking(self.pipe, False)

    def _pack(self, **message) -> None:
        self.unsent += json.dumps(message).encode() + b"\n"
        self.points = []

    def end(self, status: str) -> None:
        """Hand over the rest and wait briefly; a child that cannot keep up is stopped."""
        if self.process is None:
            return
        self._pack(points=self.points, end=status)
        try:
            self.process.communicate(self.unsent, timeout=SECONDS_TO_FINISH)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
