"""Download one dataset and its out-of-distribution (OOD) datasets, as published, into a folder."""

from pathlib import Path

from genbench import params
from genbench.data import datasets
from genbench.utils import cli, files


def main(dataset: str, out: Path) -> None:
    choices = params.load()
    with files.atomic_write(out) as new:
        datasets.download(dataset, choices, new, previous=out)


if __name__ == "__main__":
    cli.run(main)
