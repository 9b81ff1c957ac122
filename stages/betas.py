"""One point of the rate-distortion curve: train beta_vae with this beta, and measure its codes."""

from functools import partial
from pathlib import Path

from genbench import (
    cli,
    images,
    information,
    intervals,
    latent_space,
    params,
    points,
    sampling,
    seeds,
)


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "beta": float},
        **{"data": Path, "classifier": Path, "real": Path, "reference": Path, "out": Path},
    )
    p = params.load().at_beta(a.beta)
    points.run(p, a, "beta_vae", more=partial(of_codes, p, a), beta=a.beta)


def of_codes(p, a, model):
    """Rate and distortion of test images with intervals, active units, and scores of factors."""
    data, seed = images.load_all(a.data), seeds.derive(p.seed, "latent", a.dataset)
    x, y = data["test_x"], data["test_y"]
    shown = latent_space.some(len(y), p.latent.n, seed)
    per_image, numbers = information.of_codes(model, x[shown], y[shown], 0)
    numbers |= intervals.of_means(per_image, p.evaluate.bootstrap, seed)
    if "test_factors" in data:
        numbers |= latent_space.of_factors(sampling.encode(model, x, y), data, seed)
    return numbers


if __name__ == "__main__":
    cli.run(main)
