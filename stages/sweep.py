"""One point of the grid: train a model at this latent_dim and width, and measure its samples."""

from pathlib import Path

from genbench import params, sweep
from genbench.utils import cli


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        model=str,
        latent_dim=int,
        width=int,
        data=Path,
        classifier=Path,
        real=Path,
        reference=Path,
        out=Path,
    )
    p = params.load().at_point(a.latent_dim, a.width)
    sweep.train_and_evaluate(p, a, a.model, latent_dim=a.latent_dim, width=a.width)


if __name__ == "__main__":
    cli.run(main)
