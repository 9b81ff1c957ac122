"""Analyze one model's latent space: metrics, latent codes of the test images, figures."""

from pathlib import Path

from genbench.latent import analysis
from genbench.latent.results import CODES, METRICS_FILE, save_codes
from genbench.models.base.registry import load_model
from genbench.networks.classifier import load_classifier
from genbench.params import load as load_params
from genbench.utils import cli, devices, failure, files, images, imported, seeds


def main(
    dataset: str,
    training: Path,
    data: Path,
    classifier: Path,
    reference: Path,
    out: Path,
    code: Path | None = None,
) -> None:
    if failure.hand_on(training, out) or imported.hand_on(training, out):
        return
    params = load_params()
    device = devices.select_device(params.device)
    seed = seeds.derive_seed(params.data_seed, "latent", dataset)
    arrays = files.load_arrays(data)
    (real,) = files.load_npz(reference / "features.npz", "test")
    model = load_model(training / "weights.pt", device, code)
    extractor = load_classifier(classifier / "weights.pt", device)
    space = analysis.encode_images(model, arrays, params.latent.n, seed)
    results = analysis.analyze(space, extractor, real, params)
    with files.atomic_write(out) as folder:
        results.save(folder / METRICS_FILE)
        save_codes(folder / CODES, space.codes, arrays["test_y"])
        for name, picture in analysis.draw_figures(space, results).items():
            images.save_png(folder / f"{name}.png", picture)


if __name__ == "__main__":
    cli.run(main)
