"""Train the classifier of a dataset, which judges and sorts generated images."""

from pathlib import Path

import torch

from genbench import params
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier, accuracy, extract_features
from genbench.training.checkpointing import Checkpoint
from genbench.training.loader import InMemoryLoader
from genbench.training.loop import Schedule, train
from genbench.training.state import TrainerState
from genbench.utils import cli, devices, files, provenance, seeds


def main(argv=None):
    a = cli.parse(__doc__, argv, dataset=str, data=Path, out=Path, record=Path)
    p = params.load()
    device = devices.configure_torch(p.device, p.train)
    seed = seeds.seed_everything(p.seed, "classifier", a.dataset)
    x, y, classes = files.load_npz(a.data, "train_x", "train_y", "classes")
    network = p.classifier.network_for(x.shape[1])
    how = {"image_shape": x.shape[1:], "classes": len(classes), "network": network}
    how |= {"width": p.classifier.width, "lr": p.classifier.lr}
    model = Classifier(**how).to(device)
    data = InMemoryLoader(
        *(torch.as_tensor(v).to(device) for v in (x, y)), p.classifier.batch_size, seed
    )
    budget = getattr(p.classifier.images, network)
    model.steps = max(1, budget // data.batch_size)
    trainer = TrainerState(model, data, bfloat16=p.train.precision == "bfloat16")
    name = f"classifier-{a.dataset}"
    key = [how, budget, data.batch_size, seed, provenance.sha256(a.data), str(device)]
    key += [p.train.precision, p.train.deterministic]
    with Checkpoint(name, key, every=p.train.checkpoint_every) as checkpoint:
        checkpoint.resume(trainer)
        train(trainer, Schedule(images=budget), name=name, after_iteration=checkpoint.maybe_save)
        save(a, model, how)


def save(a, model, how):
    record = {"network": how["network"], "parameters": sum(w.numel() for w in model.parameters())}
    for part in ("train", "val", "test"):
        x, y = files.load_npz(a.data, f"{part}_x", f"{part}_y")
        _, logits = extract_features(model, x)
        record[f"n_{part}"], record[f"{part}_accuracy"] = len(x), accuracy(logits, y)
    print(f"classifier {a.dataset}: test accuracy {record['test_accuracy']:.4f}")
    checkpoint.save(a.out, model, **how)
    files.save_json(a.record, record)


if __name__ == "__main__":
    cli.run(main)
