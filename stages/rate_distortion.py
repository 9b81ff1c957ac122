"""One point of the rate-distortion curve: train beta_vae with this beta, and measure its codes."""

from functools import partial
from pathlib import Path

from genbench import bootstrap, params, sweep
from genbench.latent import analysis, information
from genbench.models.base import sampling
from genbench.utils import cli, files, seeds


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        beta=float,
        data=Path,
        classifier=Path,
        real=Path,
        reference=Path,
        out=Path,
    )
    p = params.load().at_beta(a.beta)
    sweep.train_and_evaluate(p, a, "beta_vae", more=partial(of_codes, p, a), beta=a.beta)


def of_codes(p, a, model):
    """Rate and distortion of test images with intervals, active units, and scores of factors."""
    data, seed = files.load_arrays(a.data), seeds.derive_seed(p.seed, "latent", a.dataset)
    x, y = data["test_x"], data["test_y"]
    shown = analysis.random_subset(len(y), p.latent.n, seed)
    per_image, numbers = information.vae_information(model, x[shown], y[shown], 0)
    numbers |= bootstrap.means_with_intervals(per_image, p.evaluate.bootstrap, seed)
    if "test_factors" in data:
        numbers |= analysis.factor_scores(sampling.encode(model, x, y), data, seed)
    return numbers


if __name__ == "__main__":
    cli.run(main)
