"""A training under way: the moves of the players, what they record, and all of its state."""

import math
import time
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from ..utils import devices, seeds
from .ema import EMA
from .loader import InMemoryLoader


class TrainerState:
    """A training under way: all that its next round depends on, and what it has recorded.

    Attributes
    ----------
    rounds : rounds played; in one round every player in `model.update_order` moves once
    history : rows {"images": seen, "<player>/<part>": mean since the row before, ...}
    snapshots : (images seen, samples (N, C, H, W) uint8)
    seconds : spent in training so far, in all processes that took part
    """

    def __init__(
        self,
        model,
        data: InMemoryLoader,
        *,
        ema_images: int,
        bfloat16: bool = False,
    ):
        convolves = any(w.dim() == 4 for w in model.parameters())
        data.layout = torch.channels_last if convolves else torch.contiguous_format
        self.model, self.data = model.to(memory_format=data.layout).train(), data
        self.device = next(model.parameters()).device
        self.optimizers = {name: model.optimizer(own) for name, own in model.players().items()}
        self.average, self.bfloat16 = EMA(model, ema_images), bfloat16
        self.sums: dict[str, Tensor] = {}
        self.chosen = torch.zeros(
            len(model.update_order), data.size, dtype=torch.long, device=self.device
        )
        self.rounds = self.summed = 0
        self.history: list[dict[str, float]] = []
        self.snapshots: list[tuple[int, np.ndarray]] = []
        self.seconds, self.since = 0.0, time.monotonic()

    @property
    def images_per_round(self) -> int:
        """Every move of every player sees one batch."""
        return self.data.size * len(self.model.update_order)

    @property
    def seen(self) -> int:
        """Images seen so far."""
        return self.rounds * self.images_per_round

    def play(self) -> None:
        """One round: every player moves in its turn, on a batch of its own."""
        self.chosen.copy_(self.data.draw(len(self.chosen)))
        self._moves()
        self.rounds, self.summed = self.rounds + 1, self.summed + 1
        self.average.update(self.seen, self.images_per_round)

    def _moves(self) -> None:
        """The moves of a round on the `chosen` images: work for the device alone.

        Gradients are taken of the mover's own parameters: no player touches another's. Values
        to be logged are summed on the device, so that nothing waits for them.
        """
        values = {}
        for player, numbers in zip(self.model.update_order, self.chosen, strict=True):
            x, y = self.data[numbers]
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
                out = self.model.loss(player, x, y)
            optimizer = self.optimizers[player]
            gradients = torch.autograd.grad(out["loss"], optimizer.parameters)
            optimizer.step(gradients)
            self.model.after_update(player)
            out["gradient_norm"] = get_total_norm(gradients)
            values |= {f"{player}/{part}": value.detach() for part, value in out.items()}
        if not self.sums:
            zero = torch.zeros((), device=self.device)
            self.sums = {name: zero.clone() for name in values}
        torch._foreach_add_(list(self.sums.values()), [values[name] for name in self.sums])

    def means(self) -> dict[str, float]:
        """Means of the logged values since the last row of the history; all must be finite."""
        sums = torch.stack(list(self.sums.values())).tolist()
        means = {name: total / self.summed for name, total in zip(self.sums, sums, strict=True)}
        return _finite(self.seen, means)

    def record(self, validation: tuple[Tensor, Tensor] | None) -> dict[str, float]:
        """Add a row to the history, with what `validation` images show as val/."""
        row = {"images": self.seen, **self.means()}
        torch._foreach_zero_(list(self.sums.values()))
        self.summed = 0
        if validation is not None:
            row |= _finite(self.seen, self._validate(*validation))
        self.history.append(row)
        return row

    @torch.no_grad()
    def _validate(self, x: Tensor, y: Tensor) -> dict[str, float]:
        with self.looking():
            torch.manual_seed(0)  # the same noise every time
            x = self.data.floats(x)
            out = self.model.loss(self.model.update_order[0], x, y) | self.model.diagnose(x, y)
        return {f"val/{part}": value.item() for part, value in out.items()}

    def picture(self, draw: Callable[[], np.ndarray]) -> None:
        """Add a snapshot, made with the averaged weights."""
        self.average.swap()
        with self.looking():
            self.snapshots.append((self.seen, draw()))
        self.average.swap()

    @contextmanager
    def looking(self):
        """The model in eval mode; whatever is drawn from the random generators changes nothing."""
        random = seeds.rng_state(self.device)
        self.model.eval()
        yield
        self.model.train()
        seeds.restore_rng_state(random, self.device)

    def provenance(self) -> dict[str, object]:
        """What differs between two equal trainings: speed, memory, device."""
        cuda = self.device.type == "cuda"
        return {
            "seconds": self.seconds,
            "images_per_second": self.seen / self.seconds,
            "peak_memory_mib": devices.peak_memory_mib(self.device),
            "device": torch.cuda.get_device_name() if cuda else self.device.type,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }

    def state(self) -> dict:
        """All of it as tensors and plain values, those of the model being its own."""
        return {
            "weights": self.model.state_dict(),
            "average": self.average.mean,
            "optimizers": {name: each.state for name, each in self.optimizers.items()},
            "random": seeds.rng_state(self.device),
            "sums": self.sums,
            "snapshots": [(seen, torch.from_numpy(x)) for seen, x in self.snapshots],
            "images": self.seen,
            "seconds": self.seconds + time.monotonic() - self.since,
            **{name: getattr(self, name) for name in ("rounds", "summed", "history")},
        }

    @torch.no_grad()
    def restore(self, state: dict) -> None:
        """Become the training that `state` was taken of."""
        self.model.load_state_dict(state["weights"])
        pairs = [(self.average.mean, state["average"])]
        pairs += [(each.state, state["optimizers"][name]) for name, each in self.optimizers.items()]
        for own, kept in pairs:
            for tensor, value in zip(own, kept, strict=True):
                tensor.copy_(value)
        self.sums = {name: value.to(self.device) for name, value in state["sums"].items()}
        self.snapshots = [(seen, x.numpy()) for seen, x in state["snapshots"]]
        for name in ("rounds", "summed", "history", "seconds"):
            setattr(self, name, state[name])
        self.data.seek(self.seen)
        seeds.restore_rng_state(state["random"], self.device)


def _finite(seen: int, values: dict[str, float]) -> dict[str, float]:
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        raise FloatingPointError(
            f"{', '.join(bad)} not finite after {seen} images; try a lower learning rate"
        )
    return values
