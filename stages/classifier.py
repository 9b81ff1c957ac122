"""Train the classifier of a dataset and extract the features of its real images."""

from pathlib import Path

import torch

from genbench import checkpoint, cli, devices, facts, features, images, params, records, seeds
from genbench.batches import Batches
from genbench.resume import resumable

PARTS = ("train", "val", "test")


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, data=Path, out=Path, features=Path, record=Path)
    p = params.load()
    device = devices.prepare(p.device, p.train)
    seed = seeds.everything(p.seed, "classifier", a.dataset)
    x = dict(zip(PARTS, images.load_npz(a.data, *(f"{part}_x" for part in PARTS)), strict=True))
    y = dict(zip(PARTS, images.load_npz(a.data, *(f"{part}_y" for part in PARTS)), strict=True))
    (classes,) = images.load_npz(a.data, "classes")
    how = {"image_shape": x["train"].shape[1:], "classes": len(classes)}
    how |= {"width": p.classifier.width, "lr": p.classifier.lr}
    model = features.Classifier(**how).to(device)
    on_device = (torch.as_tensor(v["train"]).to(device) for v in (x, y))
    name, budget = f"classifier-{a.dataset}", {"images": p.classifier.images}
    data = Batches(*on_device, p.classifier.batch_size, seed)
    depends = (how, facts.sha256(a.data))
    with resumable(name, model, data, choices=p.train, depends=depends, **budget):
        save(a, model, how, x, y)


def save(a, model, how, x, y):
    extracted = {part: features.extract(model, x[part]) for part in PARTS}
    accuracy = {part: features.accuracy(extracted[part][1], y[part]) for part in PARTS}
    print(f"classifier {a.dataset}: test accuracy {accuracy['test']:.4f}")

    checkpoint.save(a.out, model, **how)
    images.save_npz(
        a.features,
        **{part: extracted[part][0].numpy() for part in PARTS},
        **{f"{part}_logits": extracted[part][1].numpy() for part in PARTS},
    )
    counts = {f"n_{part}": len(x[part]) for part in PARTS}
    counts["parameters"] = sum(w.numel() for w in model.parameters())
    accuracies = {f"{part}_accuracy": value for part, value in accuracy.items()}
    records.save_json(a.record, {**counts, **accuracies, "features": features.FEATURES})


if __name__ == "__main__":
    cli.run(main)
