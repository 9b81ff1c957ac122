"""Look into one model's latent space: walks, reconstructions, and what can be measured there."""

from pathlib import Path

from genbench import (
    checkpoint,
    cli,
    devices,
    features,
    images,
    latent_space,
    params,
    records,
    sampling,
    seeds,
)
from genbench.latent_space import Coded
from genbench.workspace import replacing


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "weights": Path, "data": Path, "classifier": Path, "real": Path},
        **{"codes": Path, "out": Path, "figures": Path},
    )
    p = params.load()
    device, seed = devices.pick(p.device), seeds.derive(p.seed, "latent", a.dataset)
    model, classifier = checkpoint.load(a.weights, device), features.load(a.classifier, device)
    data = images.load_all(a.data)
    classes, (real,) = data["classes"].tolist(), images.load_npz(a.real, "test")
    x, y = data["test_x"], data["test_y"]
    codes, known, train = sampling.encode(model, x, y), {}, None
    shown = latent_space.some(len(y), p.latent.n, seed)
    if codes is None:
        drawn = seeds.latents(len(shown), model.latent_dim, seed)
        test = Coded(None, sampling.labels(len(shown), len(classes)), drawn)
    else:
        known = {"codes": codes, "codes_y": y}
        test, train = (
            Coded(x[shown], y[shown], codes[shown]),
            trained(model, data, p.latent.n, seed),
        )
    numbers, figures = latent_space.look(model, classifier, test, train, real, classes, p, seed)
    if known:
        numbers |= latent_space.of_factors(codes, data, seed)
    images.save_npz(a.codes, **known)
    records.save_json(a.out, numbers)
    with replacing(a.figures) as folder:
        for name, picture in figures.items():
            images.save_png(folder / f"{name}.png", picture)


def trained(model, data: dict, n: int, seed: int) -> Coded:
    """Training images, drawn at random, with their codes."""
    shown = latent_space.some(len(data["train_y"]), n, seed)
    x, y = data["train_x"][shown], data["train_y"][shown]
    return Coded(x, y, sampling.encode(model, x, y))


if __name__ == "__main__":
    cli.run(main)
