"""Trainings that go on where they were killed, from one file, always whole, gone at the end."""

import hashlib
import io
import math
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..params.schema import Train
from ..utils.errors import InputError
from ..utils.files import atomic_write
from ..utils.paths import main_repository
from ..utils.progress import Progress
from ..utils.provenance import digest, sha256
from . import health, loop
from .loader import InMemoryLoader
from .state import TrainerState

GRACE_SECONDS = 0.6  # seconds that a round may take to end after Ctrl-C
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def train_with_checkpoints(
    name: str,
    model: torch.nn.Module,
    data: InMemoryLoader,
    *,
    choices: Train,
    depends: tuple,
    on_log: Callable[[int, dict[str, float]], None] | None = None,
    draw: Callable[[], np.ndarray] | None = None,
    validation: tuple[Tensor, Tensor] | None = None,
    **options,
) -> Iterator[TrainerState]:
    """`training.train` with its progress shown, and a checkpoint until the block has succeeded.

    Parameters
    ----------
    name : of the training, for those who read the log and the folder of checkpoints
    depends : plain values that say which model and which images these are
    on_log : called with images seen and losses, for every row of the history
    options : the other arguments of `training.train`
    """
    own = choices.model_dump(include={"precision", "deterministic"})
    device = next(model.parameters()).device
    key = (depends, data.seed, data.size, str(device), own, options)
    told, latents = set(), getattr(model, "latent_dim", 0)
    with Checkpoint(name, choices.checkpoint_every, *key) as kept:
        state = kept.load()
        with Progress(name, options["images"], done=kept.images) as bar:

            def log(row: dict[str, float]) -> None:
                losses = {k: v for k, v in row.items() if k != "images"}
                bar.update(row["images"], {k: v for k, v in losses.items() if "loss" in k})
                for alarm, line in health.active_messages(row, latents).items():
                    if alarm not in told:
                        bar.say(f"{name}: alarm after {row['images']:,} images: {line}")
                    told.add(alarm)
                if on_log:
                    on_log(row["images"], losses)

            for row in state["history"] if state else ():
                log(row)
            done = loop.train(
                model,
                data,
                **options,
                bfloat16=choices.precision == "bfloat16",
                draw=draw,
                validation=validation,
                state=state,
                on_log=log,
                after_round=kept.visit,
            )
        yield done


class Checkpoint:
    """The last saved state of one training, written while it runs.

    A context manager around the training and the saving of its results: Ctrl-C, SIGTERM and
    SIGHUP in the block save once more and stop; when the block succeeds, the file is deleted.

    Parameters
    ----------
    name : of the training, for the reader of the folder
    every : seconds between two savings; 0 for none
    depends : plain values that the training depends on. These, the code that is loaded, torch
        and its threads name the file, so that nothing else can continue from it.
    """

    def __init__(self, name: str, every: float, *depends):
        key = digest([*depends, _code(), torch.__version__, torch.get_num_threads()])
        self.path = main_repository() / ".genbench" / "checkpoints" / f"{name}-{key}.pt"
        self.every = every or math.inf
        self.images, self.stop, self.handlers = 0, False, {}

    def __enter__(self):
        self.due = time.monotonic() + self.every
        if threading.current_thread() is threading.main_thread():
            for number in (*STOP_SIGNALS, signal.SIGALRM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self.handlers[number] = signal.signal(number, self._asked)
        return self

    def __exit__(self, kind, *_):
        if self.handlers:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        if kind is None:
            self._say_goodbye() if self.stop else self.delete()

    def load(self) -> dict | None:
        """The saved state; None without one, and with a warning if it is damaged."""
        for killed in self.path.parent.glob(f".{self.path.stem}-*"):  # while it was saving
            shutil.rmtree(killed, ignore_errors=True)
        try:
            stored = self.path.read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(stored[32:]).digest() != stored[:32]:
            print(f"warning: {self.path} is damaged; the training starts again", file=sys.stderr)
            return None
        state = torch.load(io.BytesIO(stored[32:]), map_location="cpu", weights_only=True)
        self.images = state["images"]
        print(f"{self.path.stem}: continues after {self.images:,} images", flush=True)
        return state

    def visit(self, training) -> None:
        """After a round: save if it is time; save and stop if that was asked for."""
        if self.stop or time.monotonic() >= self.due:
            if self.every < math.inf:
                self._save(training)
            self.due = time.monotonic() + self.every
        if self.stop:
            self._say_goodbye()

    def _save(self, training) -> None:
        if training.summed:
            training.means()  # raises if the losses are no numbers: not worth going on from
        buffer = io.BytesIO()
        torch.save(training.state(), buffer)
        content = buffer.getbuffer()
        try:
            with atomic_write(self.path) as new, new.open("wb") as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _sync(self.path.parent)
        except OSError as error:
            raise InputError(
                f"{self.path}: the checkpoint cannot be written: {error.strerror}; {self._next()}"
            ) from None
        self.images = training.seen

    def delete(self) -> None:
        """Forget the state."""
        self.path.unlink(missing_ok=True)

    def _asked(self, *_) -> None:
        if self.stop:  # asked twice, or the round took too long
            self._say_goodbye()
        self.stop = True
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

    def _say_goodbye(self) -> None:
        raise KeyboardInterrupt(f"interrupted; {self._next()}")

    def _next(self) -> str:
        how = (
            f"continues after {self.images:,} images"
            if self.images
            else "starts from the beginning"
        )
        return f"`dvc repro` {how}"


def _code() -> list[str]:
    """Digests of the modules of genbench that are loaded: those that the stage uses."""
    ours = {name: m.__file__ for name, m in sys.modules.items() if name.split(".")[0] == "genbench"}
    return [f"{name} {sha256(Path(file))}" for name, file in sorted(ours.items())]


def _sync(folder: Path) -> None:
    """Make a rename in `folder` survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
