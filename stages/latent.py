"""Look into one model's latent space: walks, reconstructions, and what can be measured there."""

from pathlib import Path

from genbench import params
from genbench.latent import analysis
from genbench.latent.reconstruction import EncodedImages
from genbench.models.base import registry, sampling
from genbench.networks.classifier import load_classifier
from genbench.utils import cli, devices, files, images, seeds
from genbench.utils.files import atomic_write


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        weights=Path,
        data=Path,
        classifier=Path,
        real=Path,
        codes=Path,
        out=Path,
        figures=Path,
    )
    p = params.load()
    device, seed = devices.select_device(p.device), seeds.derive_seed(p.seed, "latent", a.dataset)
    model, classifier = (
        registry.load_model(a.weights, device),
        load_classifier(a.classifier, device),
    )
    data = files.load_arrays(a.data)
    classes, (real,) = data["classes"].tolist(), files.load_npz(a.real, "test")
    x, y = data["test_x"], data["test_y"]
    codes, known, train = sampling.encode(model, x, y), {}, None
    shown = analysis.random_subset(len(y), p.latent.n, seed)
    if codes is None:
        drawn = seeds.sample_latents(len(shown), model.latent_dim, seed)
        test = EncodedImages(None, sampling.labels(len(shown), len(classes)), drawn)
    else:
        known = {"codes": codes, "codes_y": y}
        test, train = (
            EncodedImages(x[shown], y[shown], codes[shown]),
            trained(model, data, p.latent.n, seed),
        )
    numbers, figures = analysis.analyze_latent_space(
        model, classifier, test, train, real, classes, p, seed
    )
    if known:
        numbers |= analysis.factor_scores(codes, data, seed)
    files.save_npz(a.codes, **known)
    files.save_json(a.out, numbers)
    with atomic_write(a.figures) as folder:
        for name, picture in figures.items():
            images.save_png(folder / f"{name}.png", picture)


def trained(model, data: dict, n: int, seed: int) -> EncodedImages:
    """Training images, drawn at random, with their codes."""
    shown = analysis.random_subset(len(data["train_y"]), n, seed)
    x, y = data["train_x"][shown], data["train_y"][shown]
    return EncodedImages(x, y, sampling.encode(model, x, y))


if __name__ == "__main__":
    cli.run(main)
