"""Generate images with one model, and bound the likelihood of the real ones."""

from pathlib import Path

from genbench import checkpoint, cli, devices, images, params, pictures, sampling, seeds


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, weights=Path, data=Path, out=Path, figure=Path)
    p = params.load()
    model = checkpoint.load(a.weights, devices.pick(p.device))
    test_x, test_y, classes = images.load_npz(a.data, "test_x", "test_y", "classes")
    samples = sampling.sample(
        model,
        p.sample.n * p.evaluate.seeds,
        len(classes),
        seeds.derive(p.seed, "sample", a.dataset),
    )
    picture = pictures.samples(samples["x"])
    if model.conditional:
        samples["labels"] = samples["y"]
    bounds = sampling.negative_elbo(model, test_x, test_y)
    if bounds is not None:
        samples["test_negative_elbo"] = bounds

    images.save_npz(a.out, **samples)
    images.save_png(a.figure, picture)


if __name__ == "__main__":
    cli.run(main)
