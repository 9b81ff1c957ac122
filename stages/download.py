"""Download one dataset and its out-of-distribution (OOD) datasets, as published, into a folder."""

from pathlib import Path

from genbench import params
from genbench.data import datasets
from genbench.utils import cli, files


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, out=Path)
    p = params.load()
    with files.atomic_write(a.out) as new:
        datasets.download(a.dataset, p, new, previous=a.out)


if __name__ == "__main__":
    cli.run(main)
