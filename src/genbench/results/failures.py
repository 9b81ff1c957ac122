"""Models and points of sweeps without results: how far their trainings came, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..training.results import SUMMARY, Training, load_training
from ..utils import failure
from ..utils.errors import InputError
from ..utils.files import load_json
from ..utils.paths import checkpoints


@dataclass(frozen=True)
class Failure:
    """A model, or a point of a sweep, of which there is nothing to compare.

    images : that its training has seen, as far as is known
    training : its curves up to then; None where the stage left nothing
    unfinished : a stage was killed or ended in an error, so that DVC ran none of those after it
    """

    name: str
    images: int
    reason: str
    training: Training | None
    unfinished: bool

    def __str__(self) -> str:
        if self.training and not self.images:
            return f"not trained: {self.reason}"
        return f"failed after {self.images:,} images: {self.reason}"


def find_failure(
    dataset: str, name: str, data: Path, results: Mapping[str, Path]
) -> Failure | None:
    """Why a training has no results; None if it has.

    results : a file of each stage that its numbers need, in the order in which these run
    """
    folder = data / "models" / dataset / name
    if not (folder / SUMMARY).exists():
        reason = "the training did not finish (an error, out of memory, or killed)"
        return Failure(name, _images_saved(f"{dataset}-{name}"), reason, None, True)
    training = load_training(folder)
    images = training.summary.images
    diverged = failure.load(folder)
    if diverged:
        return Failure(name, images, diverged, training, False)
    for stage, path in results.items():
        if not path.exists():
            return Failure(name, images, f"the stage {stage} did not finish", training, True)
    return None


def _images_saved(name: str) -> int:
    """Images seen at the last checkpoint of an unfinished training; 0 without one."""
    pattern = re.compile(re.escape(name) + r"-[0-9a-f]{16}\.json")
    notes = [path for path in checkpoints().glob("*.json") if pattern.fullmatch(path.name)]
    return max(map(_images_in, notes), default=0)


def _images_in(note: Path) -> int:
    try:
        return load_json(note)["images"]
    except (InputError, FileNotFoundError):  # damaged, or the training has ended meanwhile
        return 0
