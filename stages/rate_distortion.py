"""Measure one point of the rate-distortion curve: the samples and the codes of a trained VAE."""

from pathlib import Path

from genbench import sweep
from genbench.evaluation.results import Point
from genbench.latent import analysis, information
from genbench.models.base.registry import load_model
from genbench.params import load as load_params
from genbench.utils import cli, devices, files, seeds


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
    params = load_params()
    device = devices.select_device(params.device)
    seed = seeds.derive_seed(params.seed, "latent", dataset)
    extractor, metrics = sweep.measure_point(params, dataset, training, classifier, reference)
    network = load_model(training / "weights.pt", device)
    space = analysis.encode_images(network, files.load_arrays(data), params.latent.n, seed)
    posterior = information.posterior_statistics(network, space.test.x, space.test.y, 0)
    metrics |= information.vae_information(posterior, params.evaluate.bootstrap, seed)
    factors = analysis.factor_scores(space)
    point = Point(
        model=model, at={"beta": beta}, extractor=extractor, metrics=metrics, factors=factors
    )
    point.save(out)


if __name__ == "__main__":
    cli.run(main)
