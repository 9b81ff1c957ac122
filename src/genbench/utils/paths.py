"""Where things are that live outside DVC's outputs."""

import os
from pathlib import Path


def main_repository(folder: Path | None = None) -> Path:
    """The user's own repository, also from the copy in which a queued experiment runs.

    `dvc exp run --queue` and `--temp` run in `<repository>/.dvc/tmp/exps/<name>/`.
    """
    here = (folder or Path.cwd()).absolute()
    for parent in here.parents:
        if parent.parts[-3:] == (".dvc", "tmp", "exps"):
            return parent.parents[2]
    return here


def resolve(path: str | Path) -> Path:
    """A path that a user gave; a relative one starts at the main repository."""
    return main_repository() / Path(path).expanduser()


def mirror() -> Path | None:
    """The folder named by GENBENCH_MIRROR, or None."""
    value = os.environ.get("GENBENCH_MIRROR")
    return resolve(value) if value else None
