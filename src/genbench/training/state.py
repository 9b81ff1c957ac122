"""A training under way: the updates of the players, what they record, and all of its state."""

import math
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from ..utils import seeds
from .ema import EMA
from .loader import InMemoryLoader
from .parallel import shared_networks


class DivergenceError(FloatingPointError):
    """A value of a training that is no longer finite; `reason` leaves out when that was."""

    def __init__(self, names: list[str], images_seen: int):
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        what, hint = f"{names[0]}{others} not finite", "try a lower learning rate"
        super().__init__(f"{what} after {images_seen} images; {hint}")
        self.reason = f"{what}; {hint}"


class TrainerState:
    """A training under way: all that its next iteration depends on, and what it has recorded.

    Parameters
    ----------
    validation : images (N, C, H, W) uint8 and labels (N,) on the device, for rows with val/
    ema_images : half-life of the average over `model.averaged`, in images; 0 for none
    bfloat16 : compute losses under autocast to bfloat16

    Attributes
    ----------
    iterations : so far; in each, every player in `model.update_order` takes one step
    history : rows {"images": seen, "<player>/<part>": mean since the row before, ...}
    snapshots : (images seen, samples (N, C, H, W) uint8)
    best : {"images", "score", "weights"} of the lowest score so far; None before the first
    seconds : spent in training so far, in all processes that took part
    """

    def __init__(
        self,
        model,
        loader: InMemoryLoader,
        *,
        validation: tuple[Tensor, Tensor] | None = None,
        ema_images: int = 0,
        bfloat16: bool = False,
    ):
        has_convolutions = any(w.dim() == 4 for w in model.parameters())
        loader.layout = torch.channels_last if has_convolutions else torch.contiguous_format
        self.model = model.to(memory_format=loader.layout).train()
        self.loader = loader
        self.validation = validation
        self.device = next(model.parameters()).device
        self.latent_dim = getattr(model, "latent_dim", 0)  # a classifier has none
        self.optimizers = {name: model.optimizer(own) for name, own in model.players().items()}
        self.ema = EMA(model, ema_images)
        self.bfloat16 = bfloat16
        shape = len(model.update_order), loader.batch_size
        self.batch_indices = torch.zeros(shape, dtype=torch.long, device=self.device)
        self.iterations = 0
        self.metric_sums: dict[str, Tensor] = {}
        self.n_accumulated = 0
        self.history: list[dict[str, float]] = []
        self.snapshots: list[tuple[int, np.ndarray]] = []
        self.best: dict[str, Any] | None = None
        self.seconds = 0.0
        self.started = time.monotonic()

    @property
    def images_per_iteration(self) -> int:
        """Every step of every player sees one batch."""
        return self.loader.batch_size * len(self.model.update_order)

    @property
    def images_seen(self) -> int:
        """Images seen so far."""
        return self.iterations * self.images_per_iteration

    def train_iteration(self) -> None:
        """One iteration: every player takes its step, on a batch of its own."""
        self.batch_indices.copy_(self.loader.next_indices(len(self.batch_indices)))
        self._update_players()
        self.iterations += 1
        self.n_accumulated += 1
        self.ema.update(self.images_seen, self.images_per_iteration)

    def _update_players(self) -> None:
        """The steps of one iteration on the images at `batch_indices`, without waiting for a GPU.

        Gradients are taken of the player's own parameters: no player changes another's. Values
        to be logged are summed on the device, so that nothing waits for them.
        """
        metrics: dict[str, Tensor] = {}
        for player, indices in zip(self.model.update_order, self.batch_indices, strict=True):
            x, y = self.loader[indices]
            autocast = torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)
            with autocast, shared_networks(self.model):
                out = self.model.loss(player, x, y)
            optimizer = self.optimizers[player]
            gradients = torch.autograd.grad(out["loss"], optimizer.parameters)
            optimizer.step(gradients)
            self.model.after_update(player)
            out["gradient_norm"] = get_total_norm(gradients)
            metrics |= {f"{player}/{part}": value.detach() for part, value in out.items()}
        if not self.metric_sums:
            zero = torch.zeros((), device=self.device)
            self.metric_sums = {name: zero.clone() for name in metrics}
        sums = list(self.metric_sums.values())
        torch._foreach_add_(sums, [metrics[name] for name in self.metric_sums])

    def is_finite(self) -> bool:
        """Whether all values since the last row of the history were finite."""
        return all(torch.isfinite(total).item() for total in self.metric_sums.values())

    def mean_metrics(self) -> dict[str, float]:
        """Means of the logged values since the last row of the history; all must be finite."""
        sums = torch.stack(list(self.metric_sums.values())).tolist()
        pairs = zip(self.metric_sums, sums, strict=True)
        return self._check_finite({name: total / self.n_accumulated for name, total in pairs})

    def record_metrics(self, *, validate: bool) -> dict[str, float]:
        """Add a row to the history, and to it what the validation images show as val/."""
        row = {"images": self.images_seen, **self.mean_metrics()}
        torch._foreach_zero_(list(self.metric_sums.values()))
        self.n_accumulated = 0
        if validate:
            row |= self._check_finite(self._validate())
        self.history.append(row)
        return row

    def _check_finite(self, metrics: dict[str, float]) -> dict[str, float]:
        names = [name for name, value in metrics.items() if not math.isfinite(value)]
        if names:
            raise DivergenceError(names, self.images_seen)
        return metrics

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        if self.validation is None:
            raise ValueError("a training without validation images cannot be validated")
        x, y = self.validation
        with self.eval_mode():
            torch.manual_seed(0)  # the same noise every time
            x = self.loader.to_float(x)
            out = self.model.loss(self.model.update_order[0], x, y) | self.model.diagnose(x, y)
        return {f"val/{part}": value.item() for part, value in out.items()}

    def take_snapshot(self, make_snapshot: Callable[[], np.ndarray]) -> None:
        """Add a snapshot, made with the averaged weights."""
        with self.averaged_weights():
            self.snapshots.append((self.images_seen, make_snapshot()))

    def keep_if_best(self, score: Callable[[], float]) -> None:
        """Keep the averaged weights if their score is the lowest so far."""
        with self.averaged_weights():
            value = score()
            if self.best is None or value < self.best["score"]:
                weights = {name: v.clone() for name, v in self.model.state_dict().items()}
                self.best = {"images": self.images_seen, "score": value, "weights": weights}

    @contextmanager
    def averaged_weights(self):
        """The model with its averaged weights, in eval mode."""
        self.ema.swap()
        with self.eval_mode():
            yield
        self.ema.swap()

    @contextmanager
    def eval_mode(self):
        """The model in eval mode; whatever is drawn from the random generators changes nothing."""
        random = seeds.rng_state(self.device)
        self.model.eval()
        yield
        self.model.train()
        seeds.restore_rng_state(random, self.device)

    def finish(self) -> None:
        """End the training: the model gets its averaged weights, and is in eval mode."""
        self.ema.swap()
        self.seconds += time.monotonic() - self.started
        self.model.eval()

    def state_dict(self) -> dict:
        """All of it as tensors and plain values; the tensors are those of the training itself."""
        return {
            "weights": self.model.state_dict(),
            "ema": self.ema.shadow,
            "optimizers": {name: each.state for name, each in self.optimizers.items()},
            "random": seeds.rng_state(self.device),
            "iterations": self.iterations,
            "metric_sums": self.metric_sums,
            "n_accumulated": self.n_accumulated,
            "history": self.history,
            "best": self.best,
            "snapshots": [(seen, torch.from_numpy(x)) for seen, x in self.snapshots],
            "seconds": self.seconds + time.monotonic() - self.started,
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict) -> None:
        """Become the training whose `state_dict` this was."""
        self.model.load_state_dict(state["weights"])
        pairs = [(self.ema.shadow, state["ema"])]
        pairs += [(each.state, state["optimizers"][name]) for name, each in self.optimizers.items()]
        for tensors, values in pairs:
            for tensor, value in zip(tensors, values, strict=True):
                tensor.copy_(value)
        sums = state["metric_sums"]
        self.metric_sums = {name: value.to(self.device) for name, value in sums.items()}
        self.snapshots = [(seen, x.numpy()) for seen, x in state["snapshots"]]
        for name in ("iterations", "n_accumulated", "history", "best", "seconds"):
            setattr(self, name, state[name])
        self.loader.seek(self.images_seen)
        seeds.restore_rng_state(state["random"], self.device)
