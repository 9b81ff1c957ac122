"""Where things are that live outside DVC's outputs, and what must not lie in these."""

import os
from itertools import product
from pathlib import Path

OUTPUTS = (
    "data/params.validated",
    "data/code",
    "data/downloaded",
    "data/processed",
    "data/classifiers",
    "data/perceptual",
    "data/models",
    "data/samples",
    "metrics",
    "reports",
    "mlflow.db",
    "mlartifacts",
    "mlruns",
    ".genbench",
    ".dvc",
    ".git",
    ".venv",
)
"""What is written in the repository, and so may be replaced: by stages, MLflow, DVC, git, make."""
WORKERS = Path(".genbench/workers")
COPIES = (Path(".dvc/tmp/exps"), WORKERS)
"""Where copies of the repository are made, in which stages run."""


def main_repository(folder: Path | None = None) -> Path:
    """The user's own repository, also from a copy of it that DVC or `genbench.cluster` made.

    `dvc exp run --queue` and `--temp` run in `<repository>/.dvc/tmp/exps/<name>/`, a stage beside
    others in `<repository>/.genbench/workers/<name>/`.
    """
    here = (folder or Path.cwd()).absolute()
    for parent in here.parents:
        for copies in COPIES:
            if parent.parts[-len(copies.parts) :] == copies.parts:
                return parent.parents[len(copies.parts) - 1]
    return here


def resolve(path: str | Path) -> Path:
    """A path that a user gave; a relative one starts at the main repository."""
    return main_repository() / os.path.expanduser(path)  # leaves ~nobody as it is


def output_at(path: Path) -> Path | None:
    """The first of OUTPUTS that a path is, lies in or holds, by its name or through links."""
    for root in dict.fromkeys((main_repository(), Path.cwd())):
        for output in (root / name for name in OUTPUTS):
            for own, given in product(_places(output), _places(path)):
                if own.is_relative_to(given) or given.is_relative_to(own):
                    return output
    return None


def _places(path: Path) -> set[Path]:
    """Where a path is by its name, and where its links lead."""
    return {Path(os.path.abspath(path)), Path(os.path.realpath(path))}


def checkpoints() -> Path:
    """The folder of the trainings under way."""
    return main_repository() / ".genbench" / "checkpoints"


def mirror() -> Path | None:
    """The folder named by GENBENCH_MIRROR, or None."""
    value = os.environ.get("GENBENCH_MIRROR")
    return resolve(value) if value else None
