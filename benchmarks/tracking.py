"""What tracking adds to a training: seconds with MLflow on, less those without, in pairs.

    python benchmarks/tracking.py                  # vae on digits, 600,000 images, 3 pairs
    python benchmarks/tracking.py --images 60000 --pairs 1

Each is the whole stage `train` as its own process. With tracking, curves are shown from the first
point on (`live_after: 0`), the most that tracking can cost. Where others use the machine, their
noise is larger than that; so one more training tells the parts: the seconds that its process
spends on tracking, and the processor seconds of the child that talks to MLflow at low priority.
"""

import argparse
import contextlib
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from genbench.tracking.client import mlflow_client
from genbench.training import live_logging
from genbench.utils import cli

ROOT = Path(__file__).resolve().parents[1]


def words(**options: str) -> list[str]:
    """Options as on the command line."""
    return [word for key, value in options.items() for word in (f"--{key}", value)]


def stage(folder: Path, name: str, **options: str) -> float:
    """Seconds of a stage in a folder that has its params.yaml."""
    start = time.perf_counter()
    command = [sys.executable, ROOT / "stages" / f"{name}.py", *words(**options)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def choose(folder: Path, images: int, tracked: bool) -> dict[str, str]:
    """Write the parameters of a training of `vae` on digits; returns the options of its stage."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["train"] |= {"images": images, "checkpoint_every": 0}
    tree["tracking"] |= {"enabled": tracked, "live_after": 0}
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    paths = {"data": "digits.npz", "perceptual": "none.pt", "out": "vae"}
    return {"dataset": "digits", "model": "vae", **paths}


def training(folder: Path, images: int, tracked: bool) -> float:
    """Seconds of a training."""
    return stage(folder, "train", **choose(folder, images, tracked))


def parts(folder: Path, images: int) -> tuple[float, float]:
    """Seconds that a tracked training spends on it, and processor seconds of its child."""
    sys.path.insert(0, str(ROOT / "stages"))
    import train

    spent = []

    def timed(call):
        def wrapped(*args):
            start = time.perf_counter()
            call(*args)
            spent.append(time.perf_counter() - start)

        return wrapped

    live_logging.LiveLogger.log = timed(live_logging.LiveLogger.log)
    live_logging.LiveLogger.end = timed(live_logging.LiveLogger.end)
    options = choose(folder, images, tracked=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        train.main(**cli.parse(train.main, words(**options)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(spent), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(images: int, pairs: int) -> None:
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
        stage(folder, "download", dataset="digits", out="raw")
        stage(folder, "preprocess", dataset="digits", raw="raw", out="digits.npz")
        with contextlib.chdir(folder), mlflow_client("genbench"):  # makes its tables once
            pass
        seconds = [[training(folder, images, on) for on in (False, True)] for _ in range(pairs)]
        inside, child = parts(folder, images)
    without = statistics.median(off for off, _ in seconds)
    added = [on - off for off, on in seconds]
    print(
        f"a training of {without:.1f} s takes {statistics.median(added):+.2f} s with tracking"
        f" ({min(added):+.2f} to {max(added):+.2f}), allowed {max(1, 0.02 * without):.2f}"
    )
    print(
        f"{inside:.2f} s in its own process, {child:.1f} processor seconds of the child beside it"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=600_000)
    parser.add_argument("--pairs", type=int, default=3)
    main(**vars(parser.parse_args()))
