"""Measure the quality of one model's samples against the real images of the reference."""

from pathlib import Path

import torch

from genbench import params
from genbench.evaluation import extractors, quality
from genbench.evaluation.prdc import nearest_neighbor
from genbench.networks.classifier import extract_features, load_classifier
from genbench.utils import cli, devices, files, images
from genbench.utils.seeds import derive_seed


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        data=Path,
        samples=Path,
        training=Path,
        classifier=Path,
        real=Path,
        reference=Path,
        features=Path,
        out=Path,
        figure=Path,
    )
    p = params.load()
    device, card = devices.select_device(p.device), files.load_json(a.reference)["protocol"]
    judge = extractors.load_matching_extractor(card, p.evaluate, a.classifier, device)
    real, sample, n = quality.RealFeatures.load(a.real), files.load_arrays(a.samples), card["n"]
    first, *more = (
        x[:n] for x in sample["x"].reshape(p.evaluate.sample_sets, -1, *sample["x"].shape[1:])
    )
    how = judge.name, p.evaluate, derive_seed(p.seed, "metrics", a.dataset)
    fake, logits = judge.extract(first)
    found = quality.evaluate_samples(real, fake, logits, *how)
    others = [
        quality.evaluate_samples(real, *judge.extract(x), *how, sure=False).numbers for x in more
    ]
    over_seeds = quality.sample_sets([found.numbers, *others])

    if judge.name != "classifier":
        fake, logits = extract_features(load_classifier(a.classifier, device), first)
    classes, train_x = files.load_npz(a.data, "classes", "train_x")
    numbers, table = quality.class_coverage(logits, found.membership.precise, classes.tolist())
    if "labels" in sample:
        right = logits.argmax(1) == torch.as_tensor(sample["labels"][:n])
        found.add_mean("label_accuracy", right, p.evaluate.bootstrap, how[-1])
    if "test_negative_elbo" in sample:
        bounds = sample["test_negative_elbo"]
        found.add_mean("negative_elbo", bounds, p.evaluate.bootstrap, how[-1])
    distances, which = nearest_neighbor(
        fake, *map(torch.as_tensor, files.load_npz(a.real, "train"))
    )

    weights = "averaged" if files.load_json(a.training / "summary.json")["ema"] else "raw"
    files.save_npz(a.features, fake=fake.numpy(), logits=logits.numpy())
    images.save_png(
        a.figure, quality.nearest_grid(first, distances.numpy(), train_x[which.numpy()])
    )
    files.save_json(
        a.out,
        {
            **found.numbers,
            **numbers,
            "n_real": len(real.test),
            "n_fake": len(first),
            "intervals": found.intervals,
            "over_seeds": over_seeds,
            "classes": table,
            "protocol": {**card, "weights": weights, "checkpoint": "last"},
        },
    )


if __name__ == "__main__":
    cli.run(main)
