"""One training of one model on one dataset, with everything around the loop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import devices, images, models, sampling, seeds, training
from .params import Params
from .progress import Progress

VALIDATION_IMAGES = 1000
SHOWN = 25


@dataclass(frozen=True)
class Run:
    """A trained model, how to rebuild it, its loss curves, and its `facts`.

    `facts` (speed, memory, device) differ between two runs of the same parameters; the rest
    does not.
    """

    model: torch.nn.Module
    how: dict
    averaged: bool
    history: list[dict[str, float]]
    seen: int
    facts: dict[str, object]

    def summary(self) -> dict:
        """Size, budget spent, the last point of every curve; `ema`: the weights are averages."""
        last = {k: v for row in self.history for k, v in row.items() if k != "images"}
        count = sum(w.numel() for w in self.model.parameters())
        return {"images": self.seen, "parameters": count, "ema": self.averaged, "final": last}


def run(
    p: Params,
    dataset: str,
    model: str,
    data: Path,
    *,
    stream: tuple = (),
    on_log: Callable[[int, dict[str, float]], None] | None = None,
    on_snapshot: Callable[[int, np.ndarray], None] | None = None,
) -> Run:
    """Train `model` on the processed dataset in `data` with the budget `p.train`.

    Parameters
    ----------
    stream : names that tell this run's random numbers from those of other runs
    on_log : called with images seen and losses, at every point of the history
    on_snapshot : called with images seen and SHOWN samples (N, C, H, W) uint8, always made from
        the same latents, `p.train.snapshots` times; without it no samples are made
    """
    device = devices.pick(p.device)
    seed = seeds.everything(p.seed, "train", dataset, model, *stream)
    names = ("train_x", "train_y", "val_x", "val_y", "classes")
    x, y, val_x, val_y, classes = images.load_npz(data, *names)
    some = np.linspace(0, len(val_x) - 1, min(len(val_x), VALIDATION_IMAGES)).astype(int)
    x, y, val_x, val_y = (torch.as_tensor(v).to(device) for v in (x, y, val_x[some], val_y[some]))
    how = {"name": model, "image_shape": tuple(x.shape[1:]), "classes": len(classes)}
    how |= p.build_args(model)
    built = models.build(**how).to(device)
    history: list[dict[str, float]] = []
    latents = seeds.latents(SHOWN, built.latent_dim, seeds.derive(p.seed, "snapshots", dataset))
    shown = sampling.labels(SHOWN, len(classes))
    start = time.monotonic()
    with Progress(f"{model} on {dataset}", p.train.images) as bar:

        def log(seen: int, values: dict[str, float]) -> None:
            history.append({"images": seen, **values})
            bar.update(seen, {k: v for k, v in values.items() if k.endswith("/loss")})
            if on_log:
                on_log(seen, values)

        seen = training.train(
            built,
            training.batches(x, y, p.train.batch_size, seed),
            **p.train.model_dump(exclude={"snapshots"}),
            snapshots=p.train.snapshots if on_snapshot else 0,
            validation=(val_x, val_y),
            on_log=log,
            on_snapshot=lambda seen: on_snapshot(seen, sampling.decode(built, latents, shown)),
        )
    seconds = time.monotonic() - start
    averaged = bool(built.averaged and p.train.ema_images)
    return Run(built, how, averaged, history, seen, _facts(device, seen, seconds))


def _facts(device: torch.device, seen: int, seconds: float) -> dict[str, object]:
    return {
        "seconds": seconds,
        "images_per_second": seen / seconds,
        "peak_memory_mib": devices.peak_memory_mib(device),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
