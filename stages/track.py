"""Send every result in the workspace to MLflow, or browse what is there (--serve PORT)."""

import logging
from pathlib import Path

from genbench import params
from genbench.tracking import content, store, sync
from genbench.tracking.sqlite_file import prepare_sqlite_store
from genbench.utils import cli, files
from genbench.utils.errors import InputError


def main(
    data: Path = Path("data"),
    details: Path = Path("metrics/details"),
    lock: Path = Path("dvc.lock"),
    serve: int | None = None,
) -> None:
    choices = params.load()
    if serve is not None:
        prepare_sqlite_store()
        store.serve(serve)
    if not choices.tracking.enabled:
        raise InputError("tracking.enabled is false: nothing is sent to MLflow")
    names = {*choices.datasets, *(run.name for run in content.collect(choices, data, details))}
    if lock.exists():
        check(lock, names, files.load_yaml(Path("params.yaml")))
    logging.info("%d runs are up to date in MLflow", sync.send(choices, data, details))


def check(lock: Path, names: set[str], tree: dict) -> None:
    """Refuse results that other parameters made: their runs would bear the wrong ones."""
    for stage, entry in files.load_yaml(lock)["stages"].items():
        for key, then in entry.get("params", {}).get("params.yaml", {}).items():
            now = tree
            for part in key.split("."):
                now = now.get(part, {})
            if stage.partition("@")[2] in names and now != then:
                raise InputError(f"{stage} ran with another `{key}` than now: first `dvc repro`")


if __name__ == "__main__":
    cli.run(main)
