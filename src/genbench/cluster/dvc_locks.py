"""Finds what would keep DVC waiting: a file of its locks that is damaged, or names a stranger."""

import time
from pathlib import Path

import psutil
from pydantic import BaseModel, ValidationError

from ..utils.errors import InputError

LOCKS = Path(".dvc/tmp/rwlock")
"""Which process of DVC reads or writes what in this workspace; left behind by kill -9."""
ATTEMPTS = 20
REMOVE = f"remove it: `rm {LOCKS}`"


class _Process(BaseModel):
    pid: int


class _Locks(BaseModel):
    read: dict[str, list[_Process]] = {}
    write: dict[str, _Process] = {}


def check() -> None:
    """Raise an `InputError` for locks that no process of DVC holds and that DVC keeps to.

    DVC itself passes over those of processes that are gone. The id of one may be another's by now.
    """
    try:
        locks = _Locks.model_validate_json(LOCKS.read_bytes())
    except FileNotFoundError:
        return
    except ValidationError:
        raise InputError(f"{LOCKS} is damaged; if no DVC runs here, {REMOVE}") from None
    for process in sum(locks.read.values(), list(locks.write.values())):
        words = _command(process.pid)
        if words and not any("dvc" in word or "genbench" in word for word in words):
            raise InputError(
                f"{LOCKS} was left behind by a DVC that was killed, whose process id {process.pid}"
                f" is another's now ({' '.join(words)[:60]}); if no DVC runs here, {REMOVE}"
            )


def _command(pid: int) -> list[str]:
    """The command line of a process, or its name; [] if there is none."""
    try:
        process = psutil.Process(pid)
        for _ in range(ATTEMPTS):  # for a moment of its start it has none
            if words := process.cmdline():
                return words
            time.sleep(0.01)
        return [process.name()]
    except (psutil.Error, ValueError, OverflowError):
        return []
