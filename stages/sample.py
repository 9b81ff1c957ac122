"""Generate images with one model, and bound the likelihood of the real ones."""

from pathlib import Path

from genbench import params
from genbench.models.base import registry, sampling
from genbench.utils import cli, devices, files, images, seeds


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, weights=Path, data=Path, out=Path, figure=Path)
    p = params.load()
    model = registry.load_model(a.weights, devices.select_device(p.device))
    test_x, test_y, classes = files.load_npz(a.data, "test_x", "test_y", "classes")
    samples = sampling.sample(
        model,
        p.evaluate.n * p.evaluate.sample_sets,
        len(classes),
        seeds.derive_seed(p.seed, "sample", a.dataset),
    )
    picture = sampling.sample_grid(samples["x"])
    if model.conditional:
        samples["labels"] = samples["y"]
    bounds = sampling.negative_elbo(model, test_x, test_y)
    if bounds is not None:
        samples["test_negative_elbo"] = bounds

    files.save_npz(a.out, **samples)
    images.save_png(a.figure, picture)


if __name__ == "__main__":
    cli.run(main)
