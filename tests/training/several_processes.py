"""Trains every model for a few iterations; under torchrun, as one of several processes.

python several_processes.py FOLDER writes FOLDER/<process>.pt, of one process FOLDER/alone.pt.
"""

import sys
from pathlib import Path

import torch
from torch import nn

import genbench  # noqa: F401, I001  before PyTorch, which it tells how to compute
from genbench import params
from genbench.models.base import registry
from genbench.networks import optimizers
from genbench.training import processes
from genbench.training.loader import InMemoryLoader
from genbench.training.state import TrainerState
from genbench.utils.errors import InputError

ROOT = Path(__file__).parents[2]
CASES = [(name, n) for name in registry.NAMES for n in (8, 7)]
"""Models, and images in a batch: the parts of two processes are 4 and 4, or 4 and 3."""
ITERATIONS = 5
OPTIONS = {"beta_vae": {"capacity": 5.0, "capacity_images": 100}}
"""Besides those of params.yaml: with a capacity the loss is no mean over images."""


def build(name: str):
    arguments = params.load(ROOT / "params.yaml").build_args(name)
    torch.manual_seed(0)
    model = registry.build(name, (1, 8, 8), 10, **arguments | {"width": 8} | OPTIONS.get(name, {}))
    if model.perceptual:
        model.perceptual_features = lambda x: x.flatten(1).cos()
    return model


def weights(model) -> torch.Tensor:
    """All parameters and statistics, flat."""
    values = [value for value in model.state_dict().values() if value.is_floating_point()]
    return torch.cat([value.flatten().double() for value in values])


def train(model, batch_size: int) -> dict:
    """What a training of random images does to `model`, and how many a process computes."""
    x = torch.randint(0, 256, (100, 1, 8, 8), dtype=torch.uint8)
    y = torch.arange(100) % 10
    loader = InMemoryLoader(x, y, batch_size, seed=0)
    trainer = TrainerState(model, loader, validation=(x, y), ema_images=20)
    rows = []
    for name, network in model.named_children():
        network.register_forward_pre_hook(lambda _, args, name=name: rows.append(len(args[0])))
    before = weights(model)
    for _ in range(ITERATIONS):
        trainer.train_iteration()
    computed = list(rows)
    trainer.record_metrics(validate=True)
    return {
        "before": before,
        "after": weights(model),
        "counts": [v for v in model.state_dict().values() if not v.is_floating_point()],
        "averages": [average.double() for average in trainer.ema.shadow],
        "history": trainer.history,
        "rows": computed,
        "random": torch.get_rng_state(),
    }


class Noise(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x)


def refusal() -> str | None:
    """Why a network that draws noise of its own is not trained."""
    model = build("vae")
    model.encoder.append(Noise())
    try:
        train(model, 8)
    except InputError as error:
        return str(error)
    return None


if __name__ == "__main__":
    # Adam divides a gradient by its size: with its usual epsilon, a weight whose gradient is 0 but
    # for rounding goes as far as any other, and where to is chance
    optimizers.EPSILON = 1e-3
    processes.join(torch.device("cpu"), batch_size=7)
    results = {case: train(build(case[0]), case[1]) for case in CASES}
    results["refusal"] = refusal()
    several = processes.count() > 1
    name = torch.distributed.get_rank() if several else "alone"
    torch.save(results, Path(sys.argv[1]) / f"{name}.pt")
