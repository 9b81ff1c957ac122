"""Bring one dataset and its out-of-distribution partners, as published, into a folder."""

from pathlib import Path

from genbench import cli, datasets, params, workspace


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, out=Path)
    p = params.load()
    with workspace.replacing(a.out) as new:
        datasets.fetch(a.dataset, p, new, earlier=a.out)


if __name__ == "__main__":
    cli.run(main)
