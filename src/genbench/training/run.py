"""One training of one model on one dataset, with everything around the loop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..models.base import registry, sampling
from ..networks.classifier import perceptual_features
from ..params import Params
from ..utils import devices, files, provenance, seeds
from . import health
from .checkpointing import train_with_checkpoints
from .loader import InMemoryLoader

VALIDATION_IMAGES = 1000
VALIDATION_SHARE = 0.02
"""Validation sees at most this share of the images that training sees: below 1 % of the time."""
N_SNAPSHOT = 25


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, how to rebuild it, its loss curves and snapshots, and its `provenance`.

    `provenance` (speed, memory, device) differ between two runs of the same parameters; the rest
    does not. `snapshots` are (images seen, SHOWN samples (N, C, H, W) uint8).
    """

    model: torch.nn.Module
    how: dict
    averaged: bool
    history: list[dict[str, float]]
    snapshots: list[tuple[int, np.ndarray]]
    seen: int
    provenance: dict[str, object]

    def summary(self) -> dict:
        """Size, budget spent, last point of every curve, alarms; `ema`: weights are averages."""
        last = {k: v for row in self.history for k, v in row.items() if k != "images"}
        return {
            "images": self.seen,
            "parameters": sum(w.numel() for w in self.model.parameters()),
            "ema": self.averaged,
            "final": {k: v for k, v in last.items() if not k.startswith("alarm/")},
            "alarms": health.summarize(self.history, self.model.latent_dim),
        }


@contextmanager
def train_model(
    p: Params,
    dataset: str,
    model: str,
    data: Path,
    *,
    perceptual: Path | None = None,
    stream: tuple = (),
    snapshots: int = 0,
    on_log: Callable[[int, dict[str, float]], None] = lambda images, values: None,
) -> Iterator[TrainedModel]:
    """Train `model` on the processed dataset in `data` with the budget `p.train`.

    Yields the trained model; until the block that saves it has succeeded, a training that is
    interrupted at any moment goes on from its last checkpoint and ends the same.

    Parameters
    ----------
    perceptual : the classifier for models with a perceptual loss; the others do not read it
    stream : names that tell this run's random numbers from those of other runs
    snapshots : how many are made on the way, always of the same latents
    on_log : called with images seen and losses, at every point of the history
    """
    device = devices.configure_torch(p.device, p.train)
    seed = seeds.seed_everything(p.seed, "train", dataset, model, *stream)
    names = ("train_x", "train_y", "val_x", "val_y", "classes")
    x, y, val_x, val_y, classes = files.load_npz(data, *names)
    some = np.linspace(0, len(val_x) - 1, min(len(val_x), VALIDATION_IMAGES)).astype(int)
    x, y, val_x, val_y = (torch.as_tensor(v).to(device) for v in (x, y, val_x[some], val_y[some]))
    how = {"name": model, "image_shape": tuple(x.shape[1:]), "classes": len(classes)}
    how |= p.build_args(model)
    built = registry.build(**how).to(device)
    if built.perceptual:
        built.perceptual_features = perceptual_features(perceptual, device)
    latents = seeds.sample_latents(
        N_SNAPSHOT, built.latent_dim, seeds.derive_seed(p.seed, "snapshots", dataset)
    )
    shown = sampling.labels(N_SNAPSHOT, len(classes))
    with train_with_checkpoints(
        "-".join(map(str, (dataset, model, *stream))),
        built,
        InMemoryLoader(x, y, p.train.batch_size, seed),
        choices=p.train,
        depends=(how, provenance.sha256(data), built.perceptual and provenance.sha256(perceptual)),
        on_log=on_log,
        images=p.train.images,
        ema_images=p.train.ema_images,
        history=p.train.log_points,
        snapshots=snapshots,
        draw=lambda: sampling.decode(built, latents, shown),
        validation=(val_x, val_y),
        validations=max(1, int(VALIDATION_SHARE * p.train.images / len(val_x))),
    ) as done:
        averaged = bool(built.averaged and p.train.ema_images)
        measured = done.provenance() | {"precision": p.train.precision}
        yield TrainedModel(built, how, averaged, done.history, done.snapshots, done.seen, measured)
