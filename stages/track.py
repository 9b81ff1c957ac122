"""Send every result in the workspace to MLflow, or browse what is there (--serve PORT)."""

import argparse
from pathlib import Path

import yaml

from genbench import params
from genbench.tracking import results, store, sync
from genbench.tracking.client import create_sqlite_store
from genbench.utils import cli
from genbench.utils.errors import InputError


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--metrics", type=Path, default=Path("metrics"))
    parser.add_argument("--locks", type=Path, nargs="*", default=[Path("dvc.lock")])
    parser.add_argument("--serve", type=int, metavar="PORT")
    a = parser.parse_args(argv)
    p = params.load()
    if a.serve is not None:
        create_sqlite_store()
        store.serve(a.serve)
    if not p.tracking.enabled:
        raise InputError("tracking.enabled is false: nothing is sent to MLflow")
    names = {*p.datasets, *(result.name for result in results.collect(p, a.data, a.metrics))}
    for lock in filter(Path.exists, a.locks):
        check(lock, names, yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")))
    print(f"{sync.send(p, a.data, a.metrics)} runs are up to date in MLflow")


def check(lock: Path, names: set[str], tree: dict) -> None:
    """Refuse results that other parameters made: their runs would bear the wrong ones."""
    for stage, entry in yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"].items():
        for key, then in entry.get("params", {}).get("params.yaml", {}).items():
            now = tree
            for part in key.split("."):
                now = now.get(part, {})
            if stage.partition("@")[2] in names and now != then:
                raise InputError(f"{stage} ran with another `{key}` than now: first `dvc repro`")


if __name__ == "__main__":
    cli.run(main)
