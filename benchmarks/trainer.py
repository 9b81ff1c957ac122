"""genbench's trainer against a bare loop and against the plain recipe: images/s as ratios.

    python benchmarks/trainer.py                # all cases, about 8 minutes on two cores
    python benchmarks/trainer.py vae_mlp gan    # these models only
    python benchmarks/trainer.py --threads 1 --cpu-time   # where others use the machine, too

In each of `--pairs` repetitions the loops train the same network one after the other, in changing
order; a ratio is the median over the repetitions, with its extremes. The trainer has everything
on: history, validation, average of weights, progress, checkpoints.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import loops
import numpy as np
import torch
from torch import nn

from genbench.models.base import registry
from genbench.networks.conv import mlp
from genbench.params import Params, load
from genbench.training.checkpointing import Checkpoint
from genbench.training.loader import InMemoryLoader
from genbench.training.loop import Schedule, train
from genbench.training.state import TrainerState
from genbench.utils import devices

SHAPES = {"28x28x1": (1, 28, 28), "32x32x3": (3, 32, 32)}
STEPS = {
    "vae": loops.vae_step,
    "gan": loops.gan_step,
    "dcgan": loops.gan_step,
    "wgan_gp": loops.wgan_gp_step,
    "vae_mlp": loops.vae_step,
}
RECIPES = {"vae_mlp": loops.vae_recipe, "gan": loops.gan_recipe}
N = 10_000
ITERATIONS_PER_ROW = 23  # of the history, as in the default run


def build(name: str, shape, params: Params) -> nn.Module:
    """A model of the zoo, or `vae_mlp`: the VAE with the networks of pytorch/examples."""
    torch.manual_seed(0)
    zoo_name = name.removesuffix("_mlp")
    model = registry.build(zoo_name, shape, 10, **params.build_args(zoo_name))
    if name != zoo_name:
        pixels = int(np.prod(shape))
        model.encoder = nn.Sequential(nn.Flatten(), mlp(pixels, 400, 2 * model.latent_dim))
        model.decoder = nn.Sequential(mlp(model.latent_dim, 400, pixels), nn.Unflatten(1, shape))
    return model


def trainer(params: Params, model, x, batch_size, iterations):
    """Training as the stages do it."""
    labels = torch.zeros(len(x), dtype=torch.long)
    images = torch.from_numpy(x)
    loader = InMemoryLoader(images, labels, batch_size, seed=0)
    state = TrainerState(
        model,
        loader,
        validation=(images[:100], labels[:100]),
        ema_images=params.train.ema_images,
        bfloat16=params.train.precision == "bfloat16",
    )
    budget = iterations * state.images_per_iteration
    schedule = Schedule(
        images=budget,
        log_points=-(-iterations // ITERATIONS_PER_ROW),
        validations=max(1, budget * 2 // 10_000),
    )
    with Checkpoint("benchmark", budget, every=params.train.checkpoint_every) as checkpoint:
        checkpoint.resume(state)
        train(state, schedule, name="benchmark", after_iteration=checkpoint.maybe_save)


def seconds(clock, loop, *arguments) -> float:
    """How long a training takes, its progress unseen."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        start = clock()
        loop(*arguments)
        return clock() - start


def compare(name: str, shape, params: Params, args) -> dict[str, list[float]]:
    """Images/s of every loop, once per repetition."""
    x = np.random.default_rng(0).integers(0, 256, (N, *shape), dtype=np.uint8)
    contestants = {"bare": partial(loops.bare, STEPS[name]), "trainer": partial(trainer, params)}
    if name in RECIPES and shape[0] == 1:
        contestants["recipe"] = RECIPES[name]
    clock = time.process_time if args.cpu_time else time.perf_counter
    size = args.batch_size * len(build(name, shape, params).update_order)
    for loop in contestants.values():  # warms up
        seconds(clock, loop, build(name, shape, params), x, args.batch_size, 3)
    pace = (
        seconds(clock, contestants["bare"], build(name, shape, params), x, args.batch_size, 10) / 10
    )
    iterations = max(ITERATIONS_PER_ROW, round(args.seconds / pace))
    speeds = {key: [] for key in contestants}
    for i in range(args.pairs):
        for key in list(contestants)[:: 1 if i % 2 else -1]:
            took = seconds(
                clock, contestants[key], build(name, shape, params), x, args.batch_size, iterations
            )
            speeds[key].append(iterations * size / took)
    return speeds


def ratio(above: list[float], below: list[float]) -> str:
    ratios = sorted(a / b for a, b in zip(above, below, strict=True))
    return f"{statistics.median(ratios):.3f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=list(STEPS), help=", ".join(STEPS))
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.5, help="of one bare training")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--cpu-time", action="store_true", help="images per second of processor time"
    )
    args = parser.parse_args()
    params = load(Path(__file__).parents[1] / "params.yaml")
    devices.configure_torch("cpu", params.train.model_copy(update={"threads": args.threads}))
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batch {args.batch_size}")
    print("| model | images | bare, images/s | trainer / bare | trainer / recipe |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        for name in args.models:
            for label, shape in SHAPES.items():
                if name == "vae_mlp" and shape[0] != 1:
                    continue  # not among the cases asked about
                speeds = compare(name, shape, params, args)
                bare = f"{statistics.median(speeds['bare']):,.0f}"
                recipe = ratio(speeds["trainer"], speeds["recipe"]) if "recipe" in speeds else ""
                better = ratio(speeds["trainer"], speeds["bare"])
                print(f"| {name} | {label} | {bare} | {better} | {recipe} |", flush=True)


if __name__ == "__main__":
    main()
