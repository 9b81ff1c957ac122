"""Measure what the metrics say of real images and of noise, and keep the real images' features."""

from pathlib import Path

import numpy as np

from genbench import params
from genbench.evaluation import extractors, quality
from genbench.evaluation.prdc import knn_radii
from genbench.networks.classifier import extract_features, load_classifier
from genbench.utils import cli, devices, files, seeds


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        data=Path,
        classifier=Path,
        features=Path,
        out=Path,
    )
    p = params.load()
    device = devices.select_device(p.device)
    x = dict(zip(("train", "test"), files.load_npz(a.data, "train_x", "test_x"), strict=True))
    judge = extractors.choose_extractor(p.evaluate, a.classifier, x["train"].shape[1], device)
    n = min(p.evaluate.n, *map(len, x.values()))
    random = seeds.rng(p.seed, "evaluate", a.dataset)
    some = {part: random.permutation(len(v))[:n] for part, v in x.items()}
    noise = random.integers(0, 256, (n, *x["test"].shape[1:]), dtype=np.uint8)
    classifier = load_classifier(a.classifier, device)
    own = {part: extract_features(classifier, v) for part, v in x.items()}
    if judge.name == "classifier":
        seen = {part: [v[some[part]] for v in own[part]] for part in x}
    else:
        seen = {part: judge.extract(v[some[part]]) for part, v in x.items()}
    real = quality.RealFeatures(seen["test"][0], seen["train"][0], knn_radii(seen["test"][0]))
    of = {"floor": seen["train"], "ceiling": judge.extract(noise)}
    seed = seeds.derive_seed(p.seed, "metrics", a.dataset)
    found = {
        k: quality.evaluate_samples(real, *v, judge.name, p.evaluate, seed) for k, v in of.items()
    }
    for numbers in found["floor"][:2]:  # means nothing of training images
        del numbers[quality.with_extractor_suffix("nearest_ratio", judge.name)]

    files.save_npz(a.features, **{k: v.numpy() for k, (v, _) in own.items()}, **real.arrays())
    card = {**judge.card, "n": n, "split": "test", "seed": p.seed}
    found = {k: {**v.numbers, "intervals": v.intervals} for k, v in found.items()}
    files.save_json(a.out, {"protocol": card, **found})


if __name__ == "__main__":
    cli.run(main)
