"""Measure the quality of one model's samples against the real images of the reference."""

from pathlib import Path

import torch

from genbench import cli, devices, extractors, features, images, params, pictures, quality, records
from genbench.neighbours import nearest
from genbench.seeds import derive


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "data": Path, "samples": Path, "training": Path, "classifier": Path},
        **{"real": Path, "reference": Path, "features": Path, "out": Path, "figure": Path},
    )
    p = params.load()
    device, card = devices.pick(p.device), records.load_json(a.reference)["protocol"]
    judge = extractors.again(card, p.evaluate, a.classifier, device)
    real, sample, n = quality.Real.load(a.real), images.load_all(a.samples), card["n"]
    first, *more = (
        x[:n] for x in sample["x"].reshape(p.evaluate.seeds, -1, *sample["x"].shape[1:])
    )
    how = judge.name, p.evaluate, derive(p.seed, "metrics", a.dataset)
    fake, logits = judge.extract(first)
    found = quality.measure(real, fake, logits, *how)
    others = [quality.measure(real, *judge.extract(x), *how, sure=False).numbers for x in more]
    over_seeds = quality.over_seeds([found.numbers, *others])

    if judge.name != "classifier":
        fake, logits = features.extract(features.load(a.classifier, device), first)
    classes, train_x = images.load_npz(a.data, "classes", "train_x")
    numbers, table = quality.of_classes(logits, found.lies.precise, classes.tolist())
    if "labels" in sample:
        right = logits.argmax(1) == torch.as_tensor(sample["labels"][:n])
        found.add_mean("label_accuracy", right, p.evaluate.bootstrap, how[-1])
    if "test_negative_elbo" in sample:
        bounds = sample["test_negative_elbo"]
        found.add_mean("negative_elbo", bounds, p.evaluate.bootstrap, how[-1])
    distances, which = nearest(fake, *map(torch.as_tensor, images.load_npz(a.real, "train")))

    weights = "averaged" if records.load_json(a.training / "summary.json")["ema"] else "raw"
    images.save_npz(a.features, fake=fake.numpy(), logits=logits.numpy())
    images.save_png(a.figure, pictures.nearest(first, distances.numpy(), train_x[which.numpy()]))
    records.save_json(
        a.out,
        {
            **{**found.numbers, **numbers, "n_real": len(real.test), "n_fake": len(first)},
            **{"intervals": found.intervals, "over_seeds": over_seeds, "classes": table},
            "protocol": {**card, "weights": weights, "checkpoint": "last"},
        },
    )


if __name__ == "__main__":
    cli.run(main)
