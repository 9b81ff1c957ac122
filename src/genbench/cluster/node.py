"""What runs on a node of a cluster, in a process of Parsl: one stage, in a folder of its own."""

import os
import socket
from pathlib import Path

from .local import Worker
from .stage import Result, Task

workers: dict[str, Worker] = {}
"""By the folder that a run has; one, but where a process of Parsl outlives a run."""


def run_on_node(task: tuple, *, folder: str, code: bytes | str, config: str) -> Result:
    """Run a stage in a process beside this one, which ends when this one does.

    folder : below which this process makes one of its own
    code : the repository as `snapshot.pack` made it, or the file that has it
    config : what DVC is to be told, see `snapshot.unpack`
    """
    if folder not in workers:
        own = os.path.expandvars(os.path.expanduser(folder))
        place = Path(own) / f"{socket.gethostname()}-{os.getpid()}"
        content = Path(code).read_bytes() if isinstance(code, str) else code
        workers[folder] = Worker(place, content, config, {})
    return workers[folder].run(Task(*task))
