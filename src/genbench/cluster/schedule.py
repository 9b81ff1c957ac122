"""Hands every stage to a pool as soon as what it needs is done; a failure stops what needs it."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Protocol

from ..utils.progress import Progress
from .stage import Result, Task


class Pool(Protocol):
    """Where stages run: `slots` of them at once.

    lost : the exceptions that mean that a stage may be started again, `starts` times in all
    """

    slots: int
    lost: tuple[type[Exception], ...]
    starts: int

    def submit(self, task: Task) -> "Future[Result]": ...


class Schedule:
    """The stages to run, in order of precedence, and what became of each.

    Parameters
    ----------
    stages : names in an order in which they could run one after the other
    needs : for each, those whose outputs it needs; others than `stages` are done
    task : makes what is to be sent for a stage

    Attributes
    ----------
    entries : what dvc.lock says of each stage that is done
    errors : of each that failed, why
    skipped : those that need one that failed
    """

    def __init__(
        self,
        stages: list[str],
        needs: Mapping[str, list[str]],
        task: Callable[[str, Mapping[str, Any]], Task],
    ):
        self.waiting = {name: set(needs[name]) & set(stages) for name in stages}
        self.task = task
        self.total = len(stages)
        self.starts = dict.fromkeys(stages, 0)
        self.running: dict[Future[Result], str] = {}
        self.entries: dict[str, Any] = {}
        self.errors: dict[str, str] = {}
        self.skipped: list[str] = []

    def run(self, pool: Pool) -> None:
        """Run all; a line for each that ends, and how far the whole is."""
        with Progress("stages", self.total, unit="stages") as progress:
            while self.waiting or self.running:
                self._start(pool)
                done, _ = wait(self.running, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    progress.write(self._end(self.running.pop(future), future, pool))
                progress.update(
                    self.total - len(self.waiting) - len(self.running),
                    {
                        "waiting": len(self.waiting),
                        "running": len(self.running),
                        "failed": len(self.errors),
                    },
                )

    def _start(self, pool: Pool) -> None:
        ready = [name for name, needs in self.waiting.items() if not needs]
        for name in ready[: pool.slots - len(self.running)]:
            del self.waiting[name]
            self.starts[name] += 1
            self.running[pool.submit(self.task(name, self.entries))] = name

    def _end(self, name: str, future: "Future[Result]", pool: Pool) -> str:
        """Take note of what became of a stage; a line that says it."""
        try:
            result = future.result()
        except pool.lost as error:
            if self.starts[name] < pool.starts:
                self.waiting = {name: set(), **self.waiting}
                return f"{name}: {error}; it starts again"
            result = Result(None, f"{error}, {pool.starts} times", 0.0)
        if result.entry is None:
            return self._fail(name, result.error)
        self.entries[name] = result.entry
        for needs in self.waiting.values():
            needs.discard(name)
        return f"{name}: done in {result.seconds:.1f} s"

    def _fail(self, name: str, error: str) -> str:
        self.errors[name] = error
        lost = {name}
        for other, needs in self.waiting.items():  # those after it come later in the order
            if needs & lost:
                lost.add(other)
        self.skipped += [other for other in self.waiting if other in lost]
        self.waiting = {k: needs for k, needs in self.waiting.items() if k not in lost}
        return f"{name}: failed: {error}"
