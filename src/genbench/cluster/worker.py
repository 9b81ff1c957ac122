"""A process that runs one stage after the other in a folder of its own, for `local.py`.

It reads tasks as lines of JSON and answers each with one. When the one who sends them is gone,
however that came, it stops: a training saves its state.
"""

import json
import os
import queue
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from .stage import Task, run_stage

SECONDS_TO_STOP = 10


def main(folder: str) -> None:
    """Serve until there are no more tasks."""
    from dvc.logger import setup

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    tasks: queue.Queue = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    setup()
    while True:
        result = run_stage(Task(*tasks.get()), Path(folder))
        print(json.dumps(result), file=answers, flush=True)


def _read(tasks: queue.Queue) -> None:
    """Put down every task; at the end of input, end this process and what it has started."""
    for line in sys.stdin:
        tasks.put(json.loads(line))
    stop()


def stop() -> None:
    """End this process, and first the stage that runs, which may save its state."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    _, alive = psutil.wait_procs(children, timeout=SECONDS_TO_STOP)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
