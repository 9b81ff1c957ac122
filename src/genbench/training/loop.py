"""The only training loop: players move in turn until the budget of images is spent."""

import math
import time
from collections.abc import Callable

import numpy as np
from torch import Tensor

from . import health
from .loader import InMemoryLoader
from .state import TrainerState


def train(
    model,
    data: InMemoryLoader,
    *,
    images: int,
    ema_images: int = 0,
    bfloat16: bool = False,
    history: int = 100,
    snapshots: int = 0,
    validations: int = 0,
    validation: tuple[Tensor, Tensor] | None = None,
    draw: Callable[[], np.ndarray] | None = None,
    state: dict | None = None,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    after_round: Callable[[TrainerState], None] = lambda training: None,
) -> TrainerState:
    """Train until `images` images were seen; the model ends with its averaged weights.

    Parameters
    ----------
    images : the budget, in whole rounds
    ema_images : half-life of the average over `model.averaged`, in images; 0 for none
    bfloat16 : compute losses under autocast to bfloat16
    history : rows of the history; `on_log` gets each
    snapshots : how often `draw` makes one, the untrained model included
    validations : how many rows of the history also have what `validation` shows, at most
    state : of a training with the same arguments, to go on from
    after_round : called after every round, when nothing is half done

    Raises
    ------
    FloatingPointError : naming player, part and images seen, when a logged value is not finite.
    """
    training = TrainerState(model, data, ema_images=ema_images, bfloat16=bfloat16)
    if state is not None:
        training.restore(state)
    rounds = max(1, images // training.images_per_round)
    log_at, picture_at = _evenly(rounds, history), _evenly(rounds, snapshots - 1)
    validate_at = log_at[::-1][:: -(-len(log_at) // validations)] if validations else []
    log_at, picture_at, validate_at = set(log_at), set(picture_at), set(validate_at)
    latents = getattr(model, "latent_dim", 0)
    if snapshots and not training.snapshots:
        training.picture(draw)
    while training.rounds < rounds:
        training.play()
        if training.rounds in log_at:
            row = training.record(validation if training.rounds in validate_at else None)
            health.flag_row(row, spent=training.rounds / rounds, latents=latents)
            on_log(row)
        if training.rounds in picture_at:
            training.picture(draw)
        after_round(training)
    training.average.swap()
    training.seconds += time.monotonic() - training.since
    model.eval()
    return training


def _evenly(rounds: int, times: int) -> list[int]:
    """At most `times` rounds, evenly spaced, the last one included."""
    times = min(times, rounds)
    return [math.ceil(rounds * k / times) for k in range(1, times + 1)]
