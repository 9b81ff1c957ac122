"""Generate images with one model, walk between latents, reconstruct and vary real images."""

from pathlib import Path

from genbench import checkpoint, cli, devices, images, params, pictures, sampling, seeds
from genbench.workspace import replacing


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, weights=Path, data=Path, out=Path, figures=Path)
    p = params.load()
    model = checkpoint.load(a.weights, devices.pick(p.device))
    test_x, test_y, classes = images.load_npz(a.data, "test_x", "test_y", "classes")
    samples = sampling.sample(
        model,
        p.sample.n * p.evaluate.seeds,
        len(classes),
        seeds.derive(p.seed, "sample", a.dataset),
    )
    codes = sampling.encode(model, test_x[: p.sample.n], test_y[: p.sample.n])
    bounds = sampling.negative_elbo(model, test_x, test_y)
    ends, y, figures = samples["z"], samples["y"], {"grid": pictures.samples(samples["x"])}
    if model.conditional:
        samples |= {"labels": y}
    if bounds is not None:
        samples |= {"test_negative_elbo": bounds}
    if codes is not None:
        samples |= {"codes": codes, "codes_y": test_y[: p.sample.n]}
        shown = seeds.generator(p.seed, "figures", a.dataset).permutation(len(codes))
        ends, y = codes[shown], test_y[shown]
        figures["reconstructions"] = pictures.reconstructions(model, test_x[shown], ends, y)
        figures["traversals"] = pictures.traversals(model, ends, y)
    figures |= pictures.interpolations(model, ends, y)

    images.save_npz(a.out, **samples)
    with replacing(a.figures) as folder:
        for name, picture in figures.items():
            images.save_png(folder / f"{name}.png", picture)


if __name__ == "__main__":
    cli.run(main)
