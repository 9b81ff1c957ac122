"""The only training loop: the players take their steps until the budget of images is spent."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..utils.progress import Progress
from . import health
from .state import TrainerState


@dataclass(frozen=True)
class Schedule:
    """How long a training is, and how often it records what: evenly spaced, the end included.

    images : the budget, in whole iterations
    log_points : rows of the history
    snapshots : how many, that of the untrained model included
    validations : how many rows of the history also have what the validation images show, at most
    selections : how often the weights are scored, to keep the best
    """

    images: int
    log_points: int = 100
    snapshots: int = 0
    validations: int = 0
    selections: int = 0

    def iterations(self, n: int) -> tuple[set[int], ...]:
        """After which of `n` iterations to log, validate, score and take a snapshot."""
        log_at = _evenly_spaced(n, self.log_points)
        validate_at = []
        if self.validations:
            validate_at = log_at[::-1][:: -(-len(log_at) // self.validations)]
        score_at = _evenly_spaced(n, self.selections) if self.selections else []
        snapshot_at = _evenly_spaced(n, self.snapshots - 1)
        return set(log_at), set(validate_at), set(score_at), set(snapshot_at)


def train(
    trainer: TrainerState,
    schedule: Schedule,
    *,
    name: str = "training",
    make_snapshot: Callable[[], np.ndarray] | None = None,
    score: Callable[[], float] | None = None,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    after_iteration: Callable[[TrainerState], None] = lambda trainer: None,
) -> None:
    """Train until the budget is spent; the model ends with its averaged weights, in eval mode.

    Parameters
    ----------
    trainer : a new training, or one that was interrupted, which is continued
    name : of the training, for those who read its progress
    make_snapshot : gives samples (N, C, H, W) uint8, always of the same latents; None for none
    score : of the model as it is, lower is better; the best weights are `trainer.best`
    on_log : called with every row of the history, those from before an interruption included
    after_iteration : called after every iteration, when nothing is half done

    Raises
    ------
    DivergenceError : naming player, part and images seen, when a logged value is not finite.
    """
    n = max(1, schedule.images // trainer.images_per_iteration)
    log_at, validate_at, score_at, snapshot_at = schedule.iterations(n)
    with Progress(name, schedule.images, done=trainer.images_seen) as progress:
        for n_rows in range(1, len(trainer.history) + 1):
            _report(trainer.history[:n_rows], trainer, progress, on_log)
        if make_snapshot and schedule.snapshots and not trainer.snapshots:
            trainer.take_snapshot(make_snapshot)
        while trainer.iterations < n:
            trainer.train_iteration()
            if trainer.iterations in log_at:
                row = trainer.record_metrics(validate=trainer.iterations in validate_at)
                health.flag_row(row, trainer.iterations / n, trainer.latent_dim)
                _report(trainer.history, trainer, progress, on_log)
            if score and trainer.iterations in score_at:
                trainer.keep_if_best(score)
            if make_snapshot and trainer.iterations in snapshot_at:
                trainer.take_snapshot(make_snapshot)
            after_iteration(trainer)
    trainer.finish()


def _report(history: list[dict], trainer: TrainerState, progress: Progress, on_log) -> None:
    """Show the last row of the history, with the warnings that it is the first to give."""
    row = history[-1]
    progress.update(row["images"], {name: v for name, v in row.items() if "loss" in name})
    for message in health.new_messages(history, trainer.latent_dim):
        progress.write(f"{progress.label}: warning after {row['images']:,} images: {message}")
    on_log(row)


def _evenly_spaced(n: int, times: int) -> list[int]:
    """At most `times` numbers from 1 to `n`, evenly spaced, `n` included."""
    times = min(times, n)
    return [math.ceil(n * k / times) for k in range(1, times + 1)]
