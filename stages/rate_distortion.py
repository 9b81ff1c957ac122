"""Measure one point of the rate-distortion curve: the samples and the codes of a trained VAE."""

from pathlib import Path

from genbench import params, sweep
from genbench.evaluation.results import Point
from genbench.latent import analysis, information
from genbench.models.base.registry import load_model
from genbench.utils import cli, devices, failure, files, seeds


def main(
    dataset: str,
    model: str,
    beta: float,
    training: Path,
    data: Path,
    classifier: Path,
    reference: Path,
    out: Path,
) -> None:
    at = {"beta": beta}
    if failure.load(training):
        Point(model=model, at=at, extractor="none", metrics={}).save(out)
        return
    choices = params.load()
    arrays = files.load_arrays(data)
    network = load_model(training / "weights.pt", devices.select_device(choices.device))
    extractor, metrics = sweep.measure_point(
        network,
        dataset,
        arrays["train_y"],
        classifier=classifier,
        reference=reference,
        params=choices,
    )
    seed = seeds.derive_seed(choices.seed, "latent", dataset)
    space = analysis.encode_images(network, arrays, choices.latent.n, seed)
    posterior = information.posterior_statistics(network, space.test.x, space.test.y, 0)
    metrics |= information.vae_information(posterior)
    factors = analysis.factor_scores(space)
    point = Point(model=model, at=at, extractor=extractor, metrics=metrics, factors=factors)
    point.save(out)


if __name__ == "__main__":
    cli.run(main)
