"""Measure the quality of one model's samples, in the features of the dataset's classifier."""

from pathlib import Path

import torch

from genbench import cli, devices, features, images, metrics, params, records, seeds


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "samples": Path, "classifier": Path, "accuracy": Path, "real": Path},
        **{"features": Path, "out": Path},
    )
    p = params.load()
    classifier = features.load(a.classifier, devices.pick(p.device))
    there = images.names_in(a.samples)
    samples = dict(zip(there, images.load_npz(a.samples, *there), strict=True))
    x = samples["x"]
    train, test, real_logits = images.load_npz(a.real, "train", "test", "test_logits")
    n = min(p.evaluate.n, len(x), len(train), len(test))
    random = seeds.generator(p.seed, "evaluate", a.dataset)
    chosen, held = random.permutation(len(test))[:n], random.permutation(len(train))[:n]
    real = (train[held], test[chosen], real_logits[chosen])
    train, test, real_logits = map(torch.as_tensor, real)
    fake, logits = features.extract(classifier, x[:n])
    images.save_npz(a.features, fake=fake.numpy(), logits=logits.numpy())

    seed = seeds.derive(p.seed, "metrics", a.dataset)
    found = metrics.quality(test, fake, logits, choices=p.evaluate, seed=seed)
    found["fid_classifier_floor"] = metrics.frechet_distance(test, train)
    splits = p.evaluate.splits
    found["is_classifier_real"] = metrics.inception_score(real_logits, splits=splits, seed=seed)[0]
    if "labels" in samples:
        found["label_accuracy"] = features.accuracy(logits, samples["labels"][:n])
    if "test_negative_elbo" in samples:
        found["negative_elbo"] = samples["test_negative_elbo"].mean(dtype=float).item()
    found["classifier_test_accuracy"] = records.load_json(a.accuracy)["test_accuracy"]
    records.save_json(a.out, found)


if __name__ == "__main__":
    cli.run(main)
