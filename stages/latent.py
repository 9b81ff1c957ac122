"""Look into one model's latent space: walks, reconstructions, and what can be measured there."""

from pathlib import Path

import numpy as np

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
    n, k = min(p.latent.n, len(data["test_x"])), len(classes)
    codes = sampling.encode(model, data["test_x"], data["test_y"])
    test, train = Coded(None, sampling.labels(n, k), seeds.latents(n, model.latent_dim, seed)), None
    if codes is not None:
        test, train = (coded(model, data, part, p.latent.n, seed) for part in ("test", "train"))
    numbers, figures = latent_space.look(model, classifier, test, train, real, classes, p, seed)
    if codes is not None and "test_factors" in data:
        from genbench import disentanglement

        numbers["factors"] = disentanglement.scores(codes, data["test_factors"], seed)

    known = {} if codes is None else {"codes": codes, "codes_y": data["test_y"]}
    images.save_npz(a.codes, **known)
    records.save_json(a.out, numbers)
    with replacing(a.figures) as folder:
        for name, picture in figures.items():
            images.save_png(folder / f"{name}.png", picture)


def coded(model, data: dict, part: str, n: int, seed: int) -> Coded:
    """Images of one part, drawn at random, with their codes."""
    x, y = data[f"{part}_x"], data[f"{part}_y"]
    some = np.random.default_rng(seed).permutation(len(y))[:n]
    return Coded(x[some], y[some], sampling.encode(model, x[some], y[some]))


if __name__ == "__main__":
    cli.run(main)
