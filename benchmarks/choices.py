"""What each choice of the trainer gains: images/s with it, as a ratio to images/s without.

    python benchmarks/choices.py                     # all choices, about 20 minutes on two cores
    python benchmarks/choices.py batch_512 threads_1

A choice and the default are measured in processes of their own, in turn, `--pairs` times; a ratio
is the median over the pairs, with its extremes. `at_once_*` are two trainings side by side: their
images/s together, against one training after the other with the default.
"""

import argparse
import multiprocessing
import statistics
import time
from pathlib import Path

CASES = {
    "gan 28x28x1": ("gan", (1, 28, 28)),
    "vae 28x28x1": ("vae", (1, 28, 28)),
    "dcgan 28x28x1": ("dcgan", (1, 28, 28)),
    "dcgan 32x32x3": ("dcgan", (3, 32, 32)),
}
CHOICES = {
    "batch_32": {"batch_size": 32},
    "batch_128": {"batch_size": 128},
    "batch_512": {"batch_size": 512},
    "threads_1": {"threads": 1},
    "contiguous": {"layout": "contiguous_format"},  # instead of channels_last
    "default_malloc": {"keep_memory": False},  # freed memory goes back to the system
    "all_gradients": {"all_gradients": True},  # of the players that do not move, too
    "bfloat16": {"bfloat16": True},
    "compile": {"compile": True},
    "at_once_1_thread": {"threads": 1, "at_once": 2},
    "at_once_2_threads": {"threads": 2, "at_once": 2},
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
    training = _training(name, shape, **options)
    for _ in range(3):
        training.play()
    pipe.send(time.perf_counter() - start)
    while (seconds := pipe.recv()) is not None:
        seen, start = training.seen, time.perf_counter()
        while time.perf_counter() - start < seconds:
            training.play()
        pipe.send((training.seen - seen) / (time.perf_counter() - start))


def _training(
    name,
    shape,
    *,
    batch_size=64,
    threads="auto",
    layout=None,
    keep_memory=True,
    all_gradients=False,
    bfloat16=False,
    compile=False,
):
    from genbench import devices

    if not keep_memory:
        devices._keep_memory = lambda: None
    import torch

    from genbench import models, params
    from genbench.batches import Batches
    from genbench.training import Training

    p = params.load(Path(__file__).parents[1] / "params.yaml")
    devices.prepare("cpu", p.train.model_copy(update={"threads": threads}))
    torch.manual_seed(0)
    x = torch.randint(0, 256, (10_000, *shape), dtype=torch.uint8)
    model = models.build(name, shape, 10, **p.build_args(name))
    data = Batches(x, torch.zeros(len(x), dtype=torch.long), batch_size, seed=0)
    training = Training(model, data, ema_images=p.train.ema_images, bfloat16=bfloat16)
    if layout:
        data.layout = getattr(torch, layout)
        model.to(memory_format=data.layout)
    if compile:
        model.loss = torch.compile(model.loss, dynamic=False)
    if all_gradients:
        gradient, everything = torch.autograd.grad, list(model.parameters())

        def of_all(loss, own):
            found = gradient(loss, everything, allow_unused=True)
            found = dict(zip(map(id, everything), found, strict=True))
            return tuple(found[id(weight)] for weight in own)

        torch.autograd.grad = of_all
    return training


def measure(name, shape, options, a) -> str:
    options = dict(options)
    at_once = options.pop("at_once", 1)
    default, chosen = (
        Worker(name, shape, {}),
        [Worker(name, shape, options) for _ in range(at_once)],
    )
    ratios = []
    for _ in range(a.pairs):
        found = []
        for workers in ([default], chosen):
            for worker in workers:
                worker.ask(a.seconds)
            found.append(sum(worker.answer() for worker in workers))
        ratios.append(found[1] / found[0])
    for worker in (default, *chosen):
        worker.end()
    extra = chosen[0].warmed_up - default.warmed_up
    late = f", {extra:.0f} s later" if extra > 3 else ""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}){late}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("choices", nargs="*", default=list(CHOICES), help=", ".join(CHOICES))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    a = parser.parse_args()
    print("| choice |", " | ".join(CASES), "|")
    print("|---" * (len(CASES) + 1) + "|")
    for choice in a.choices:
        cells = [measure(*case, CHOICES[choice], a) for case in CASES.values()]
        print(f"| {choice} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
