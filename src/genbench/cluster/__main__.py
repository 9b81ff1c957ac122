"""`python -m genbench.cluster repro`: run the pipeline, many stages at once."""

import argparse
from pathlib import Path

from ..utils import cli
from .run import repro


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(prog="python -m genbench.cluster", description=__doc__)
    command = parser.add_subparsers(dest="command", required=True).add_parser("repro")
    command.add_argument("targets", nargs="*", help="stages, as for `dvc repro`; all by default")
    command.add_argument("--jobs", type=int, help="stages at once; by default one per core, or GPU")
    command.add_argument("--config", type=Path, help="the machines of a cluster: cluster.yaml")
    words = parser.parse_args()
    cli.run(lambda: repro(tuple(words.targets), jobs=words.jobs, file=words.config), {})


if __name__ == "__main__":
    main()
