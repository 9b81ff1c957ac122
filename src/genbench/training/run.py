"""One training of one model on one dataset, with everything around the loop."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..models.base import plugins, registry, sampling
from ..models.base.adversarial import GAN
from ..models.base.interface import GenerativeModel
from ..networks import checkpoint
from ..networks.classifier import perceptual_features
from ..params import Params
from ..utils import devices, failure, files, images, provenance, seeds
from ..utils.subset import training_rows
from . import health, processes
from .checkpointing import Checkpoint
from .flops import flops_per_image
from .loader import InMemoryLoader
from .loop import Schedule, train
from .results import WEIGHTS, Selection, TrainingSummary, save_training, snapshot_path
from .selection import N_TIMES, make_judge, select_best
from .state import DivergenceError, TrainerState

log = logging.getLogger(__name__)
VALIDATION_IMAGES = 1000
VALIDATION_SHARE = 0.02
"""Validation sees at most this share of the images that training sees: below 1 % of the time."""
N_SNAPSHOT = 25


@dataclass(frozen=True)
class TrainingSpec:
    """Which training.

    data : the processed dataset
    perceptual : the classifier for models with a perceptual loss; the others do not read it
    stream : names that tell this training's random numbers from those of others
    label : the name of its files, where it is not the model's
    code : the file of the model's class; None: see `registry.build`
    snapshots : how many are taken on the way, always of the same latents
    """

    params: Params
    dataset: str
    model: str
    data: Path
    perceptual: Path | None = None
    stream: tuple = ()
    label: str = ""
    code: Path | None = None
    snapshots: int = 0

    @property
    def name(self) -> str:
        """For those who read the log, and look into the folder of checkpoints."""
        return f"{self.dataset}-{self.label or self.model}"


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, the arguments that build it, its loss curves and snapshots.

    `provenance` (speed, memory, device) differs between two runs of the same parameters; the rest
    does not. `failed` says why the training stopped early; None if it did not. `snapshots` are
    (images seen, N_SNAPSHOT samples (N, C, H, W) uint8); `ema` says whether the weights are
    averages; `selection` what `train.select: best` kept; `code` is of a model of the user's own,
    see `plugins.facts`.
    """

    model: GenerativeModel
    build_args: dict[str, Any]
    ema: bool
    history: list[dict[str, float]]
    snapshots: list[tuple[int, np.ndarray]]
    images_seen: int
    provenance: dict[str, object]
    failed: str | None = None
    selection: Selection | None = None
    code: dict[str, str] | None = None

    def summary(self) -> TrainingSummary:
        """Size, budget spent, last point of every curve, warnings of the health checks."""
        last = {k: v for row in self.history for k, v in row.items() if k != "images"}
        return TrainingSummary(
            images=self.images_seen,
            parameters=sum(weight.numel() for weight in self.model.parameters()),
            flops=flops_per_image(self.model, self.build_args["image_shape"]),
            ema=self.ema,
            final={k: v for k, v in last.items() if not k.startswith("alarm/")},
            alarms=health.summarize(self.history, self.model.latent_dim),
            likelihood=self.model.likelihood_kind,
            selection=self.selection,
        )


def save_trained_model(out: Path, trained: TrainedModel) -> None:
    """Write the folder of a training, whole or not at all; `training.results` reads it.

    Of one that failed there are no weights, and `utils.failure` says why.
    """
    if not processes.is_first():
        return
    with files.atomic_write(out) as folder:
        folder.mkdir()
        if trained.failed:
            failure.save(folder, trained.failed)
        else:
            checkpoint.save(folder / WEIGHTS, trained.model, **trained.build_args)
            if trained.code:
                files.save_json(folder / plugins.RECORD, trained.code)
        save_training(folder, trained.summary(), trained.history)
        for images_seen, x in trained.snapshots:
            images.save_png(snapshot_path(folder, images_seen), images.grid(x, 5))
    if trained.failed:
        log.warning("%s after %s images: %s", out, f"{trained.images_seen:,}", trained.failed)
    else:
        provenance.save(out / WEIGHTS, trained.provenance)


@contextmanager
def train_model(
    spec: TrainingSpec, on_log: Callable[[dict[str, float]], None] = lambda row: None
) -> Iterator[TrainedModel]:
    """Train a model with the budget `params.train`, and yield it.

    Until the block that saves it has succeeded, a training that is interrupted at any moment goes
    on from its last checkpoint and ends the same. `on_log` gets every row of the history. One that
    diverges is yielded as well, as `failed`, and one of a conditional model without classes.
    """
    choices = spec.params.train
    trainer, schedule, build_args = _prepare(spec)
    model, class_path = trainer.model, spec.params.class_path(spec.model)
    key = _checkpoint_key(spec, trainer, build_args, schedule)
    with Checkpoint(spec.name, key, every=choices.checkpoint_every) as saved:
        with processes.only_first_prints():
            judge, val, test = _selector(spec, trainer) if schedule.selections else (None,) * 3
            score = judge and partial(judge, val)
            failed = _train(trainer, schedule, spec, build_args["classes"], saved, on_log, score)
            selection = select_best(trainer, judge, val, test) if judge and not failed else None
        yield TrainedModel(
            model=model,
            build_args=build_args,
            ema=bool(trainer.ema.shadow),
            history=trainer.history,
            snapshots=trainer.snapshots,
            images_seen=trainer.images_seen,
            provenance={} if failed else _provenance(trainer, choices.precision),
            failed=failed,
            selection=selection,
            code=plugins.facts(spec.model, class_path, spec.code) if class_path else None,
        )


def _selector(spec: TrainingSpec, trainer: TrainerState) -> tuple:
    """What judges weights, and the validation and test images by which it does."""
    if spec.perceptual is None:
        raise ValueError("train.select: best needs a classifier")
    val, test, train_y = files.load_npz(spec.data, "val_x", "test_x", "train_y")
    seed = seeds.derive_seed(spec.params.seed, "selection", spec.dataset)
    return make_judge(trainer, spec.perceptual, train_y, seed), val, test


def _train(trainer, schedule, spec, n_classes: int, saved: Checkpoint, on_log, score) -> str | None:
    """Train from the last checkpoint to the end; why that failed, None if it did not."""
    saved.resume(trainer)
    failed = _why_untrainable(trainer.model, n_classes)
    try:
        if not failed:
            train(
                trainer,
                schedule,
                name=spec.name,
                make_snapshot=_snapshot_maker(spec, trainer.model, n_classes),
                score=score,
                on_log=on_log if processes.is_first() else lambda row: None,
                after_iteration=saved.maybe_save,
            )
    except DivergenceError as error:
        failed = error.reason
        trainer.finish()
    return failed


def _why_untrainable(model: GenerativeModel, n_classes: int) -> str | None:
    if model.conditional and n_classes == 1:
        return "it generates images of a given class, and the dataset has no classes"
    return None


def _prepare(spec: TrainingSpec) -> tuple[TrainerState, Schedule, dict[str, Any]]:
    """The training before its first iteration, its schedule, and the arguments of its model."""
    params = spec.params
    device = devices.configure_torch(params.device, params.train)
    device = processes.join(device, params.train.batch_size)
    seed = seeds.seed_everything(params.seed, "train", spec.dataset, spec.model, *spec.stream)
    names = ("train_x", "train_y", "val_x", "val_y", "classes")
    train_x, train_y, val_x, val_y, classes = files.load_npz(spec.data, *names)
    if params.split.train is not None:
        rows = training_rows(train_y, params.split.train, spec.dataset)
        train_x, train_y = train_x[rows], train_y[rows]
    some = np.linspace(0, len(val_x) - 1, min(len(val_x), VALIDATION_IMAGES)).astype(int)
    arrays = (train_x, train_y, val_x[some], val_y[some])
    x, y, x_val, y_val = (torch.as_tensor(array).to(device) for array in arrays)
    build_args: dict[str, Any] = {"name": spec.model, "image_shape": tuple(x.shape[1:])}
    build_args |= {"classes": len(classes), **params.build_args(spec.model)}
    model = registry.build(
        **build_args, class_path=params.class_path(spec.model), code=spec.code
    ).to(device)
    model.training_images = len(x)
    if isinstance(model, GAN):
        model.augmentations = params.train.augment
    if model.perceptual:
        if spec.perceptual is None:
            raise ValueError(f"{spec.model} has a perceptual loss and needs a classifier")
        model.perceptual_features = perceptual_features(spec.perceptual, device)
    trainer = TrainerState(
        model,
        InMemoryLoader(x, y, params.train.batch_size, seed),
        validation=(x_val, y_val),
        ema_images=params.train.ema_images,
        bfloat16=params.train.precision == "bfloat16",
    )
    schedule = Schedule(
        images=params.train.images,
        log_points=params.train.log_points,
        snapshots=spec.snapshots,
        validations=max(1, int(VALIDATION_SHARE * params.train.images / len(x_val))),
        selections=N_TIMES if params.train.select == "best" else 0,
    )
    return trainer, schedule, build_args


def _checkpoint_key(
    spec: TrainingSpec, trainer: TrainerState, build_args: dict, schedule: Schedule
) -> list:
    """All that the training depends on besides code, torch and its threads, as plain values."""
    return [
        build_args,
        provenance.sha256(spec.data),
        (trainer.model.perceptual or schedule.selections)
        and spec.perceptual
        and provenance.sha256(spec.perceptual),
        spec.params.train.model_dump(exclude={"threads", "checkpoint_every"}),
        asdict(schedule),
        trainer.loader.seed,
        str(trainer.device),
        processes.count(),
    ]


def _snapshot_maker(spec: TrainingSpec, model, n_classes: int) -> Callable[[], np.ndarray]:
    """Decodes the same latents whenever it is called, to N_SNAPSHOT images."""
    seed = seeds.derive_seed(spec.params.seed, "snapshots", spec.dataset)
    latents = seeds.sample_latents(N_SNAPSHOT, model.latent_dim, seed)
    labels = sampling.labels(N_SNAPSHOT, n_classes)
    return lambda: sampling.decode(model, latents, labels)


def _provenance(trainer: TrainerState, precision: str) -> dict[str, object]:
    """What differs between two equal trainings: speed, memory, device."""
    cuda = trainer.device.type == "cuda"
    return {
        "seconds": trainer.seconds,
        "images_per_second": trainer.images_seen / trainer.seconds,
        "peak_memory_mib": devices.peak_memory_mib(trainer.device),
        "device": torch.cuda.get_device_name() if cuda else trainer.device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "precision": precision,
    }
