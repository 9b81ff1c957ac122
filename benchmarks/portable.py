"""What `portable: true` costs: processor seconds of trainings with and without it, as ratios.

    python benchmarks/portable.py              # all models at 8x8x1 and 28x28x1, about 10 minutes
    python benchmarks/portable.py vae gan

Each training is a process of its own with one thread, as what it measures is read when libraries
are loaded; a ratio is the median of `--pairs` pairs, with its extremes.
"""

import argparse
import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHAPES = {"8x8x1": (1, 8, 8), "28x28x1": (1, 28, 28)}
IMAGES = {"8x8x1": 12_800, "28x28x1": 3_200}


def measure(model: str, shape: str) -> float:
    """Processor seconds of one training in this process, in an empty folder."""
    from genbench import params  # isort: split

    import numpy as np
    import torch

    from genbench.params import Params
    from genbench.training import run
    from genbench.utils import files

    tree = params.load(ROOT / "params.yaml").model_dump()
    tree["zoo"]["res_vae"]["perceptual"] = 0.0
    random = np.random.default_rng(0)
    arrays = {"classes": np.array(["a", "b", "c"])}
    for part, n in {"train": 3000, "val": 200}.items():
        arrays[f"{part}_x"] = random.integers(0, 256, (n, *SHAPES[shape]), dtype=np.uint8)
        arrays[f"{part}_y"] = random.integers(0, 3, n)
    files.save_npz(Path("data.npz"), **arrays)
    torch.set_num_threads(1)

    def train(images: int) -> None:
        choices = Params.model_validate(tree | {"train": tree["train"] | {"images": images}})
        silence = io.StringIO()
        with contextlib.redirect_stderr(silence), contextlib.redirect_stdout(silence):
            with run.train_model(run.TrainingSpec(choices, "mine", model, Path("data.npz"))):
                pass

    train(640)  # warms up
    start = time.process_time()
    train(IMAGES[shape])
    return time.process_time() - start


def in_own_process(model: str, shape: str, portable: bool) -> float:
    """`measure` in a new process, with or without `portable`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "params.yaml").write_text(f"portable: {str(portable).lower()}\n")
        command = [sys.executable, __file__, "--one", shape, model]
        env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        return float(done.stdout.split()[-1])


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("models", nargs="*")
    p.add_argument("--pairs", type=int, default=3)
    p.add_argument("--one", help="measure here: the shape of the images")
    a = p.parse_args()
    if a.one:
        print(measure(a.models[0], a.one))
        return
    names = sorted(path.stem for path in (ROOT / "src/genbench/models").glob("[a-z]*.py"))
    for model in a.models or names:
        cells = []
        for shape in SHAPES:
            pairs = [
                [in_own_process(model, shape, b) for b in (True, False)] for _ in range(a.pairs)
            ]
            ratios = sorted(pinned / free for pinned, free in pairs)
            cells.append(f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
        print(f"| {model} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
