"""Find damaged images and images of other datasets by one model's scores."""

from pathlib import Path

import numpy as np

from genbench import checkpoint, cli, devices, images, outliers, params, records, seeds


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, weights=Path, data=Path, scores=Path, out=Path)
    p = params.load()
    model = checkpoint.load(a.weights, devices.pick(p.device))
    names = ("val_x", "val_y", "test_x", "test_y")
    val_x, val_y, test_x, test_y = images.load_npz(a.data, *names)
    random = seeds.generator(p.seed, "anomaly", a.dataset)
    val, test = (random.permutation(len(x))[: p.anomaly.n] for x in (val_x, test_x))
    x, y = test_x[test], test_y[test]
    sets = {"val": (val_x[val], val_y[val]), "test": (x, y)}
    for kind in p.anomaly.corruptions:
        sets[f"corrupted-{kind}"] = outliers.corrupt(x, kind, random), y
    for name in images.ood_names(a.data):
        (other,) = images.load_npz(a.data, f"ood_{name}_x")
        other = other[random.permutation(len(other))[: p.anomaly.n]]
        # a conditional model is shown a label that says nothing about the image
        sets[f"ood-{name}"] = other, np.resize(y, len(other))
    scores = {name: outliers.score(model, *pair) for name, pair in sets.items()}
    flat = {f"{part}/{k}": v for part, found in scores.items() for k, v in found.items()}
    images.save_npz(a.scores, **flat)
    records.save_json(a.out, outliers.verdict(scores, p.anomaly.quantile))


if __name__ == "__main__":
    cli.run(main)
