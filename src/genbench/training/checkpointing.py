"""Trainings that go on where they were killed, from one file, always whole, gone at the end."""

import logging
import math
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch

from ..networks import checkpoint
from ..utils.errors import InputError
from ..utils.files import save_json
from ..utils.paths import checkpoints
from ..utils.provenance import digest, sha256
from . import processes
from .state import TrainerState

logger = logging.getLogger(__name__)

GRACE_SECONDS = 0.6  # that an iteration may take to end after Ctrl-C
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PACKAGES = ("utils", "params", "networks", "models", "training")
"""Those of genbench whose code trained weights depend on."""


class Checkpoint:
    """The last saved state of one training, written while it runs.

    A context manager around the training and the saving of its results: Ctrl-C, SIGTERM and
    SIGHUP in the block save once more and stop; when the block succeeds, the file is deleted.

    Parameters
    ----------
    name : of the training, for those who look into the folder
    key : a plain value of all that the training depends on. It, the code that trains, torch and
        its number of threads name the file, so that nothing else can continue from it.
    every : seconds between two savings; 0 for none
    """

    def __init__(self, name: str, key, *, every: float):
        key = digest([key, _code_digests(), torch.__version__, torch.get_num_threads()])
        self.path = checkpoints() / f"{name}-{key}.pt"
        self.note = self.path.with_suffix(".json")  # for the report of a training that was killed
        self.every = every or math.inf
        self.images_seen = 0  # at the last saving
        self.stop = False
        self.handlers: dict[int, Any] = {}  # what `signal.signal` returned

    def __enter__(self):
        self.due = time.monotonic() + self.every
        if threading.current_thread() is threading.main_thread():
            alarm = [signal.SIGALRM] if processes.is_first() else []  # else it ends the process
            for number in (*STOP_SIGNALS, *alarm):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self.handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, kind, *_):
        if self.handlers:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        if kind is None and processes.is_first():
            if self.stop:
                self._interrupt()
            self.path.unlink(missing_ok=True)
            self.note.unlink(missing_ok=True)

    def resume(self, trainer: TrainerState) -> None:
        """Continue from the saved state; without a whole one, `trainer` stays as it is."""
        state = processes.value_of_first(self._read() if processes.is_first() else None)
        if state:
            trainer.load_state_dict(state)
            self.images_seen = trainer.images_seen
            print(f"{self.path.stem}: continues after {self.images_seen:,} images", flush=True)

    def _read(self) -> dict | None:
        for leftover in self.path.parent.glob(f".{self.path.stem}-*"):  # of a kill while it saved
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            return checkpoint.read(self.path)
        except FileNotFoundError:
            return None
        except InputError:
            logger.warning("%s is damaged; the training starts again", self.path)
            return None

    def maybe_save(self, trainer: TrainerState) -> None:
        """After an iteration: save if it is time; save and stop if a signal asked for that."""
        if not processes.is_first():
            return
        if self.stop or time.monotonic() >= self.due:
            if self.every < math.inf:
                self._save(trainer)
            self.due = time.monotonic() + self.every
        if self.stop:
            self._interrupt()

    def _save(self, trainer: TrainerState) -> None:
        if not trainer.is_finite():  # not worth going on from; the next row says so
            return
        try:
            checkpoint.write(self.path, trainer.state_dict())
            _sync(self.path.parent)
            save_json(self.note, {"images": trainer.images_seen})
        except OSError as error:
            reason = f"the checkpoint cannot be written: {error.strerror}"
            raise InputError(f"{self.path}: {reason}; {self._resume_hint()}") from None
        self.images_seen = trainer.images_seen

    def _on_signal(self, *_) -> None:
        if not processes.is_first():  # goes on while the first needs it to end its iteration
            signal.setitimer(signal.ITIMER_REAL, 2 * GRACE_SECONDS)
            return
        if self.stop:  # the second signal, or the iteration took too long
            self._interrupt()
        self.stop = True
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

    def _interrupt(self) -> None:
        raise KeyboardInterrupt(f"interrupted; {self._resume_hint()}")

    def _resume_hint(self) -> str:
        if self.images_seen:
            return f"`dvc repro` continues after {self.images_seen:,} images"
        return "`dvc repro` starts from the beginning"


def _code_digests() -> list[str]:
    """Digests of the modules that are loaded from PACKAGES: those that the training uses.

    A change of a metric must not throw away what was trained.
    """
    prefixes = tuple(f"genbench.{package}." for package in PACKAGES)
    loaded = sorted(name for name in sys.modules if name.startswith(prefixes))
    return [f"{name} {sha256(Path(str(sys.modules[name].__file__)))}" for name in loaded]


def _sync(folder: Path) -> None:
    """Make a rename in `folder` survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
