"""What each choice of the trainer gains: images/s with it, as a ratio to images/s without.

    python benchmarks/choices.py                     # all choices, about 20 minutes on two cores
    python benchmarks/choices.py batch_512 threads_1
    python benchmarks/choices.py --device cuda

A choice and the default are measured in processes of their own, in turn, `--pairs` times; a ratio
is the median over the pairs, with its extremes. `at_once_*` are two trainings side by side: their
images/s together, against one training after the other with the default.
"""

import argparse
import multiprocessing
import statistics
import time
from pathlib import Path

from genbench.models.base import registry
from genbench.params import load
from genbench.training.loader import InMemoryLoader
from genbench.training.state import TrainerState
from genbench.utils import devices

CASES = {
    "gan 28x28x1": ("gan", (1, 28, 28)),
    "vae 28x28x1": ("vae", (1, 28, 28)),
    "dcgan 28x28x1": ("dcgan", (1, 28, 28)),
    "dcgan 32x32x3": ("dcgan", (3, 32, 32)),
}
CPU = {
    "batch_32": {"batch_size": 32},
    "batch_128": {"batch_size": 128},
    "batch_512": {"batch_size": 512},
    "threads_1": {"threads": 1},
    "contiguous": {"layout": "contiguous_format"},  # instead of channels_last
    "all_gradients": {"all_gradients": True},  # those of the other players, too
    "bfloat16": {"bfloat16": True},
    "compile": {"compile": True},
    "at_once_1_thread": {"threads": 1, "at_once": 2},
    "at_once_2_threads": {"threads": 2, "at_once": 2},
}
CUDA = {
    "batch_128": {"batch_size": 128},
    "batch_512": {"batch_size": 512},
    "contiguous": {"layout": "contiguous_format"},
    "float32": {"precision": "float32"},  # instead of tf32
    "bfloat16": {"bfloat16": True},
    "not_deterministic": {"deterministic": False},
}


class Worker:
    """A training in a process of its own, which goes on for some seconds whenever asked."""

    def __init__(self, name, shape, options):
        context = multiprocessing.get_context("spawn")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=_serve, args=(end, name, shape, options))
        self.process.start()
        self.warmed_up = self.pipe.recv()

    def ask(self, seconds: float) -> None:
        self.pipe.send(seconds)

    def answer(self) -> float:
        """Images/s."""
        return self.pipe.recv()

    def end(self) -> None:
        self.pipe.send(None)
        self.process.join()


def _serve(pipe, name, shape, options):
    start = time.perf_counter()
    trainer = _trainer(name, shape, **options)
    for _ in range(5):
        trainer.train_iteration()
    pipe.send(time.perf_counter() - start)
    while (seconds := pipe.recv()) is not None:
        iterations = 0
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            trainer.train_iteration()
            iterations += 1
            if iterations % 100 == 0:
                trainer.mean_metrics()  # waits for a GPU that is behind
        trainer.mean_metrics()
        images = iterations * trainer.images_per_iteration
        pipe.send(images / (time.perf_counter() - start))


def _trainer(
    name,
    shape,
    *,
    device,
    batch_size=64,
    threads="auto",
    layout=None,
    all_gradients=False,
    bfloat16=False,
    compile=False,
    **train,
):
    import torch

    params = load(Path(__file__).parents[1] / "params.yaml")
    train_params = params.train.model_copy(update={"threads": threads, **train})
    device = devices.configure_torch(device, train_params)
    torch.manual_seed(0)
    x = torch.randint(0, 256, (10_000, *shape), dtype=torch.uint8).to(device)
    y = torch.zeros(len(x), dtype=torch.long, device=device)
    model = registry.build(name, shape, 10, **params.build_args(name)).to(device)
    loader = InMemoryLoader(x, y, batch_size, seed=0)
    trainer = TrainerState(model, loader, ema_images=params.train.ema_images, bfloat16=bfloat16)
    if layout:
        loader.layout = getattr(torch, layout)
        model.to(memory_format=loader.layout)
    if compile:
        model.loss = torch.compile(model.loss, dynamic=False)
    if all_gradients:
        gradient = torch.autograd.grad
        parameters = list(model.parameters())

        def of_all(loss, own):
            gradients = gradient(loss, parameters, allow_unused=True)
            by_parameter = dict(zip(map(id, parameters), gradients, strict=True))
            return tuple(by_parameter[id(weight)] for weight in own)

        torch.autograd.grad = of_all
    return trainer


def measure(name, shape, options, args) -> str:
    options = {"device": args.device, **options}
    at_once = options.pop("at_once", 1)
    default = Worker(name, shape, {"device": args.device})
    chosen = [Worker(name, shape, options) for _ in range(at_once)]
    ratios = []
    for _ in range(args.pairs):
        speeds = []
        for workers in ([default], chosen):
            for worker in workers:
                worker.ask(args.seconds)
            speeds.append(sum(worker.answer() for worker in workers))
        ratios.append(speeds[1] / speeds[0])
    for worker in (default, *chosen):
        worker.end()
    extra = chosen[0].warmed_up - default.warmed_up
    late = f", {extra:.0f} s later" if extra > 3 else ""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}){late}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("choices", nargs="*", help=", ".join({**CPU, **CUDA}))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    args = parser.parse_args()
    choices = CUDA if args.device == "cuda" else CPU
    print("| choice |", " | ".join(args.cases), "|")
    print("|---" * (len(args.cases) + 1) + "|")
    for choice in args.choices or choices:
        cells = [measure(*CASES[case], choices[choice], args) for case in args.cases]
        print(f"| {choice} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
