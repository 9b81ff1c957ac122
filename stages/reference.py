"""Measure what the metrics say of real images and of noise, and keep the real images' features."""

from pathlib import Path

import numpy as np

from genbench import cli, devices, extractors, features, images, params, quality, records, seeds
from genbench.neighbours import neighbours


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "data": Path, "classifier": Path, "features": Path, "out": Path},
    )
    p = params.load()
    device = devices.pick(p.device)
    x = dict(zip(("train", "test"), images.load_npz(a.data, "train_x", "test_x"), strict=True))
    judge = extractors.choose(p.evaluate, a.classifier, x["train"].shape[1], device)
    n = min(p.evaluate.n, p.sample.n, *map(len, x.values()))
    random = seeds.generator(p.seed, "evaluate", a.dataset)
    some = {part: random.permutation(len(v))[:n] for part, v in x.items()}
    noise = random.integers(0, 256, (n, *x["test"].shape[1:]), dtype=np.uint8)
    classifier = features.load(a.classifier, device)
    own = {part: features.extract(classifier, v) for part, v in x.items()}
    if judge.name == "classifier":
        seen = {part: [v[some[part]] for v in own[part]] for part in x}
    else:
        seen = {part: judge.extract(v[some[part]]) for part, v in x.items()}
    real = quality.Real(seen["test"][0], seen["train"][0], neighbours(seen["test"][0]))
    of = {"floor": seen["train"], "ceiling": judge.extract(noise)}
    seed = seeds.derive(p.seed, "metrics", a.dataset)
    found = {k: quality.measure(real, *v, judge.name, p.evaluate, seed) for k, v in of.items()}
    for numbers in found["floor"][:2]:  # means nothing of training images
        del numbers[quality.named("nearest_ratio", judge.name)]

    images.save_npz(a.features, **{k: v.numpy() for k, (v, _) in own.items()}, **real.arrays())
    card = {**judge.card, "n": n, "split": "test", "seed": p.seed}
    found = {k: {**v.numbers, "intervals": v.intervals} for k, v in found.items()}
    records.save_json(a.out, {"protocol": card, **found})


if __name__ == "__main__":
    cli.run(main)
