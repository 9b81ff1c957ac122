"""Train the classifier of a dataset, in whose features images are evaluated.

Of data without classes, or with one, it is a network that tells each image from all others.
"""

from pathlib import Path

from genbench import params  # before NumPy is loaded: it says how

# isort: split
import numpy as np
import torch

from genbench.networks import checkpoint
from genbench.networks.classifier import (
    Classifier,
    accuracy,
    build_classifier,
    extract_features,
)
from genbench.params import Params
from genbench.training.checkpointing import Checkpoint
from genbench.training.loader import InMemoryLoader
from genbench.training.loop import Schedule, train
from genbench.training.results import WEIGHTS, ClassifierSummary
from genbench.training.state import TrainerState
from genbench.utils import cli, devices, files, provenance, seeds


def main(dataset: str, data: Path, out: Path) -> None:
    choices = params.load()
    device = devices.configure_torch(choices.device, choices.train)
    seed = seeds.seed_everything(choices.data_seed, "classifier", dataset)
    train_x, train_y, classes = files.load_npz(data, "train_x", "train_y", "classes")
    build_args = classifier_args(choices, train_x.shape[1:], len(classes))
    budget = getattr(choices.classifier.images, build_args["network"])
    batch_size = choices.classifier.batch_size
    model = build_classifier(**build_args).to(device)
    budget //= model.views
    model.decay_steps = max(1, budget // batch_size)
    if len(classes) == 1:
        train_y = np.arange(len(train_x))  # each image is one of its own
    x, y = (torch.as_tensor(values).to(device) for values in (train_x, train_y))
    loader = InMemoryLoader(x, y, batch_size, seed)
    trainer = TrainerState(model, loader, bfloat16=choices.train.precision == "bfloat16")
    name = f"classifier-{dataset}"
    key = [build_args, budget, batch_size, seed, provenance.sha256(data), str(device)]
    key += [choices.train.precision, choices.train.deterministic]
    with Checkpoint(name, key, every=choices.train.checkpoint_every) as kept:
        kept.resume(trainer)
        train(trainer, Schedule(images=budget), name=name, after_iteration=kept.maybe_save)
        summary = summarize(model, build_args["network"], data)
        if summary.test_accuracy is not None:
            print(f"{name}: test accuracy {summary.test_accuracy:.4f}")
        with files.atomic_write(out) as folder:
            checkpoint.save(folder / WEIGHTS, model, **build_args)
            summary.save(folder / "summary.json")


def classifier_args(choices: Params, image_shape: tuple[int, ...], n_classes: int) -> dict:
    """The arguments that build the classifier."""
    return {
        "image_shape": image_shape,
        "classes": n_classes,
        "network": choices.classifier.network_for(image_shape[0]),
        "width": choices.classifier.width,
        "lr": choices.classifier.lr,
    }


def summarize(model: Classifier, network: str, data: Path) -> ClassifierSummary:
    """The size of the classifier, and its accuracy on every part of the dataset."""
    sizes = {}
    accuracies = {}
    for part in ("train", "val", "test"):
        x, y = files.load_npz(data, f"{part}_x", f"{part}_y")
        _, logits = extract_features(model, x)
        sizes[part] = len(x)
        accuracies[part] = accuracy(logits, y) if logits.shape[1] > 1 else None
    return ClassifierSummary(
        network=network,
        parameters=sum(weight.numel() for weight in model.parameters()),
        n_train=sizes["train"],
        n_val=sizes["val"],
        n_test=sizes["test"],
        train_accuracy=accuracies["train"],
        val_accuracy=accuracies["val"],
        test_accuracy=accuracies["test"],
    )


if __name__ == "__main__":
    cli.run(main)
