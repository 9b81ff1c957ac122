"""The only training loop: players move in turn until the budget of images is spent."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .images import to_unit


def batches(x: Tensor, y: Tensor, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches in an order drawn anew for every pass over the data.

    Parameters
    ----------
    x : (N, C, H, W) uint8, on the device that trains
    y : (N,) int64
    """
    # drawn on the CPU: the same order on every device
    random = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.long, device=x.device)
    while True:
        while len(order) < size:
            order = torch.cat([order, torch.randperm(len(x), generator=random).to(x.device)])
        batch, order = order[:size], order[size:]
        yield to_unit(x[batch]), y[batch]


def play(model, optimizers: dict, data: Iterator) -> dict[str, Tensor]:
    """One round: every player in `model.turns` moves once, on a batch of its own.

    Gradients are taken of the mover's own parameters: no player touches another's. The logged
    values stay on the device; the caller decides when to wait for them.
    """
    log = {}
    for player in model.turns:
        out = model.loss(player, *next(data))
        optimizer = optimizers[player]
        optimizer.step(torch.autograd.grad(out["loss"], optimizer.parameters))
        model.after_update(player)
        log.update({f"{player}/{part}": value.detach() for part, value in out.items()})
    return log


class Average:
    """Exponential moving average of weights and batch-norm statistics, half-life in images.

    Source: Karras et al. 2018, arXiv:1710.10196; the half-life is at most 5 % of the images
    seen, so that the initial weights are forgotten early (Karras et al. 2020, arXiv:2006.06676).
    """

    def __init__(self, model, half_life: int):
        names = model.averaged if half_life else ()
        states = [getattr(model, name).state_dict(keep_vars=True).values() for name in names]
        self.live = [v.detach() for state in states for v in state if v.is_floating_point()]
        self.mean = [v.clone() for v in self.live]
        self.half_life = half_life

    @torch.no_grad()
    def update(self, seen: int, step: int) -> None:
        """Follow the weights after `step` more images, `seen` in all."""
        if self.mean:
            decay = 0.5 ** (step / min(self.half_life, 0.05 * seen))
            torch._foreach_lerp_(self.mean, self.live, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the averaged weights and the model's."""
        for mean, live in zip(self.mean, self.live, strict=True):
            kept = live.clone()
            live.copy_(mean)
            mean.copy_(kept)


def train(
    model,
    data: Iterator[tuple[Tensor, Tensor]],
    *,
    images: int,
    batch_size: int,
    ema_images: int = 0,
    history: int = 100,
    snapshots: int = 0,
    validation: tuple[Tensor, Tensor] | None = None,
    on_log: Callable[[int, dict[str, float]], None] = lambda seen, values: None,
    on_snapshot: Callable[[int], None] = lambda seen: None,
) -> int:
    """Train until `images` images were seen; the model ends with its averaged weights.

    Parameters
    ----------
    data : batches of `batch_size` images (N, C, H, W) in [-1, 1] with labels (N,)
    images : the budget; every move of every player sees one batch, whole rounds only
    ema_images : half-life of the average over `model.averaged`, in images; 0 for none
    history : how often `on_log(seen, values)` is called: means since the last call, by
        "<player>/<part>", and the first player's losses on `validation` as "val/<part>"
    snapshots : how often `on_snapshot(seen)` is called, the untrained model included; the model
        then is in eval mode and has its averaged weights

    Returns
    -------
    int : images seen.

    Raises
    ------
    FloatingPointError : naming player, part and images seen, when a logged value is not finite.
    """
    model.train()
    optimizers = {name: model.optimizer(own) for name, own in model.players().items()}
    average, step = Average(model, ema_images), batch_size * len(model.turns)
    rounds = max(1, images // step)
    log_at, picture_at = _evenly(rounds, history), _evenly(rounds, snapshots - 1)
    recent = defaultdict(list)
    if snapshots:
        _look(model, average, on_snapshot, 0)
    for n in range(1, rounds + 1):
        for name, value in play(model, optimizers, data).items():
            recent[name].append(value)
        average.update(n * step, step)
        if n in log_at:
            values = {name: torch.stack(v).mean() for name, v in recent.items()}
            recent.clear()
            if validation is not None:
                values |= _validate(model, *validation)
            on_log(n * step, _finite(n * step, values))
        if n in picture_at:
            _look(model, average, on_snapshot, n * step)
    average.swap()
    model.eval()
    return rounds * step


def _evenly(rounds: int, times: int) -> set[int]:
    """At most `times` rounds, evenly spaced, the last one included."""
    return {math.ceil(rounds * k / times) for k in range(1, times + 1)} if times > 0 else set()


def _look(model, average: Average, on_snapshot, seen: int) -> None:
    average.swap()
    model.eval()
    on_snapshot(seen)
    model.train()
    average.swap()


def _finite(seen: int, values: dict[str, Tensor]) -> dict[str, float]:
    values = {name: value.item() for name, value in values.items()}
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        raise FloatingPointError(
            f"{', '.join(bad)} not finite after {seen} images; try a lower learning rate"
        )
    return values


@torch.no_grad()
def _validate(model, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    # own random state: looking at the model more or less often changes no weight
    devices = [x.device] if x.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(0)
        out = model.eval().loss(model.turns[0], to_unit(x), y)
    model.train()
    return {f"val/{part}": value for part, value in out.items()}
