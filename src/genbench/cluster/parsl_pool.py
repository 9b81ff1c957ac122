"""Stages on the machines of `cluster.yaml`, by Parsl. The only module that imports it to run."""

import logging
import os
import signal
import sys
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import parsl
import parsl.errors
from parsl.executors import HighThroughputExecutor
from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost

from ..utils.errors import InputError
from . import config, local
from .node import run_on_node
from .stage import Result, Task

LOGS = Path(".genbench/parsl")


class ParslPool:
    """The machines of a cluster; a context manager, at whose end they are given back.

    Parameters
    ----------
    cluster : what `cluster.yaml` says
    place : the name of that file
    folder : see `node.run_on_node`
    code, dvc : see `snapshot.unpack`
    """

    slots = sys.maxsize  # what waits for a machine waits at Parsl
    lost = (ManagerLost, WorkerLost, local.WorkerDied)

    def __init__(
        self, cluster: config.Cluster, place: Path, *, folder: Path, code: bytes, dvc: str
    ):
        self.place = place
        self.starts = cluster.starts
        sent: bytes | str = code
        if cluster.exchange == "folder":
            folder.mkdir(parents=True)
            (folder / "code.tar.gz").write_bytes(code)
            sent = str(folder / "code.tar.gz")
        else:
            folder = Path(str(cluster.scratch)) / folder.name
        kinds = {"cpu": cluster.cpu, "gpu": cluster.gpu}
        logging.getLogger("parsl").propagate = False  # it has a file of its own
        executors = [_executor(n, machines, place) for n, machines in kinds.items() if machines]
        settings = parsl.Config(
            executors=executors,
            run_dir=str(LOGS),
            strategy="simple",
            strategy_period=1,
            usage_tracking=0,
        )
        # Parsl's own process inherits this: without it, Ctrl-C could no longer stop the machines
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.kernel = parsl.load(settings)
        finally:
            signal.signal(signal.SIGINT, previous)
        self.apps: dict[str, Any] = {
            each.label: parsl.python_app(
                run_on_node, data_flow_kernel=self.kernel, executors=[each.label]
            )
            for each in executors
        }
        self.options = {"folder": str(folder), "code": sent, "config": dvc}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.kernel.cleanup()
        parsl.clear()
        if isinstance(error, parsl.errors.ParslError | ImportError):
            text = " ".join(str(error).split())
            raise InputError(f"{self.place}: stages cannot run there: {text}; see {LOGS}") from None

    def submit(self, task: Task) -> "Future[Result]":
        """Run a stage on a machine of its kind; the future's result, or one of `lost`."""
        kind = "gpu" if task.gpu and "gpu" in self.apps else "cpu"
        future = self.apps[kind](tuple(task), **self.options)
        if task.remote:
            future.add_done_callback(partial(_keep_output, Path(task.log)))
        return future


def _keep_output(log: Path, future: "Future[Result]") -> None:
    """Write what a stage has printed where its log would be, had it run here."""
    if future.exception() is None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(future.result().output, encoding="utf-8")


def _executor(label: str, machines: config.Machines, place: Path) -> HighThroughputExecutor:
    bins = Path(sys.executable).parent
    setup = [
        f"export PATH={str(bins)!r}:$PATH PYTHONPATH={str(local.PACKAGES)!r}",
        machines.setup,
    ]
    return HighThroughputExecutor(
        label=label,
        provider=config.make_provider(machines, f"{place}: {label}", "\n".join(setup)),
        address=machines.address,
        max_workers_per_node=machines.stages_per_node,
        cores_per_worker=1e-6,  # stages_per_node says it
        available_accelerators=machines.gpus_per_node,
        drain_period=machines.drain_after,
        heartbeat_period=5,
        heartbeat_threshold=30,
        worker_logdir_root=os.fspath(LOGS.absolute()),
    )
