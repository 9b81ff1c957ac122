"""What a training leaves in its folder: weights, loss curves, a summary, snapshots.

One that failed leaves `utils.failure.FILE` instead of weights.
"""

from dataclasses import dataclass
from pathlib import Path

from ..params.schema import Imported
from ..utils import failure, files, imported
from ..utils.record import Number, Record

WEIGHTS = "weights.pt"
SUMMARY = "summary.json"


class Selection(Record):
    """The weights that `train.select: best` kept, after so many `images`, beside the last ones.

    FIDs of `n` generated images in the features of the dataset's classifier. That on validation
    images is too low, as it was the lowest; those on test images are not.
    """

    images: int
    n: int
    val_fid: float
    test_fid: float
    last_val_fid: float
    last_test_fid: float


class TrainingSummary(Record):
    """The end of a training.

    images : seen in all; parameters : of all networks; ema : whether the weights are averages
    flops : floating-point operations per image seen, counted
    final : the last value of every curve, by "<player>/<part>", "val" being the validation images
    alarms : what went wrong, a line each
    likelihood : the model's `likelihood_kind`; selection : None for the last weights
    """

    images: int
    parameters: int
    flops: float
    ema: bool
    final: dict[str, Number]
    alarms: list[str]
    likelihood: str | None = None
    selection: Selection | None = None


class ClassifierSummary(Record):
    """The classifier of a dataset: its network, its size, its accuracy on each part.

    The accuracies are None where the dataset has no classes.
    """

    network: str
    parameters: int
    n_train: int
    n_val: int
    n_test: int
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    test_accuracy: float | None = None


@dataclass(frozen=True)
class Curve:
    """A recorded value over a training: `part` of the loss of `player`, "val" for validation."""

    player: str
    part: str
    images: list[float]
    values: list[float]


@dataclass(frozen=True)
class Training:
    """A training in its folder; rows of the history are {"images": n, "<player>/<part>": value}."""

    folder: Path
    summary: TrainingSummary
    history: list[dict[str, float]]

    @property
    def weights(self) -> Path:
        """The file of the trained weights."""
        return self.folder / WEIGHTS

    @property
    def snapshots(self) -> dict[int, Path]:
        """Pictures of the same latents, by images seen."""
        return {int(path.stem): path for path in sorted(self.folder.glob("snapshots/*.png"))}

    @property
    def curves(self) -> list[Curve]:
        """The history by column; marks of alarms are none."""
        names = dict.fromkeys(name for row in self.history for name in row)
        return [
            self._curve(name) for name in names if "/" in name and not name.startswith("alarm/")
        ]

    def _curve(self, name: str) -> Curve:
        player, part = name.split("/", 1)
        rows = [row for row in self.history if name in row]
        return Curve(player, part, [row["images"] for row in rows], [row[name] for row in rows])


def save_training(folder: Path, summary: TrainingSummary, history: list[dict[str, float]]) -> None:
    """Write the summary and the history; weights and snapshots have writers of their own."""
    summary.save(folder / SUMMARY)
    files.save_csv(folder / "history.csv", history)


def save_imported(out: Path, made: Imported, dataset: str) -> None:
    """Write the folder of a model whose images were made elsewhere: nothing was trained."""
    nothing = TrainingSummary(images=0, parameters=0, flops=0.0, ema=False, final={}, alarms=[])
    with files.atomic_write(out) as folder:
        folder.mkdir()
        save_training(folder, nothing, [])
        if dataset in made.samples:
            imported.save(folder, made.samples[dataset], made.resize)
        else:
            failure.save(folder, f"zoo.{out.name}.samples has no images of {dataset}")


def load_training(folder: Path) -> Training:
    """Read a training's folder."""
    summary = TrainingSummary.load(folder / SUMMARY)
    return Training(folder, summary, files.load_csv(folder / "history.csv"))


def snapshot_path(folder: Path, images: int) -> Path:
    """Where the picture after so many images lies."""
    return folder / "snapshots" / f"{images:08d}.png"
