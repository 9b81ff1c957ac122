"""Stage `train` as a real process: killed, interrupted, out of disk, out of memory."""

import hashlib
import json
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from genbench.utils import files

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

IMAGES = 90_000
STATE = ".genbench/checkpoints/digits-gan-*.pt"


def write(path, size, channels=1, train=1000, val=100):
    """Random images in the format of `preprocess`."""
    random = np.random.default_rng(0)
    arrays = {"classes": np.array([str(k) for k in range(10)])}
    for part, n in {"train": train, "val": val}.items():
        shape = (n, channels, size, size)
        arrays[f"{part}_x"] = random.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{part}_y"] = np.arange(n) % 10
    files.save_npz(path, **arrays)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data") / "digits.npz", size=8)


def command(folder, data, model="gan", *, width=4, **train):
    """The command of stage `train`, and the choices it reads written into `folder`."""
    folder.mkdir(exist_ok=True)
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["model"] |= {"latent_dim": 4, "width": width}
    tree["train"] |= {"images": IMAGES, "threads": 1, "checkpoint_every": 0.001, **train}
    tree["tracking"]["enabled"] = False
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    options = {"dataset": "digits", "model": model, "data": data}
    options |= {"perceptual": "none.pt", "out": f"out/{model}"}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, str(ROOT / "stages" / "train.py"), *words]


@pytest.fixture(scope="module")
def quick(programs):
    """Let a command of the stage start at once."""
    return lambda words: [programs / "python", *words[1:]]


def start(folder, words):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, cwd=folder, **pipes)


def finish(folder, words):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not list(folder.glob(STATE)) and not list(folder.glob("**/.*-*/")), "left behind"
    return done.stdout


def wait_for_saves(folder, process, n):
    """Return once `n` checkpoints were written; the process must still be running then."""
    last, count = stamp(folder), 0
    while count < n:
        assert process.poll() is None, process.communicate()
        if (now := stamp(folder)) not in (last, None):
            last, count = now, count + 1
        time.sleep(0.0002)


def stamp(folder):
    try:
        return next(path.stat().st_mtime_ns for path in folder.glob(STATE))
    except (StopIteration, FileNotFoundError):
        return None


def results(folder):
    files = [path for path in folder.glob("out/**/*") if path.is_file()]
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def uninterrupted(data, quick, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    finish(folder, quick(command(folder, data, checkpoint_every=0)))
    digests = results(folder)
    assert {"weights.pt", "history.csv", "summary.json", f"{0:08d}.png"} <= {
        p.name for p in digests
    }
    return digests


def test_a_training_killed_at_random_moments_ends_with_the_same_bytes(
    data, quick, uninterrupted, tmp_path
):
    words, chance = quick(command(tmp_path, data)), random.Random(0)
    for _ in range(5):
        process = start(tmp_path, words)
        wait_for_saves(tmp_path, process, chance.randint(1, 40))
        time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    finish(tmp_path, words)
    assert results(tmp_path) == uninterrupted


DIES_IN = """
import os, runpy, signal, sys
from genbench.training import checkpointing
module, name, number = sys.argv.pop(1).split()
owner, count = {"os": os, "Path": checkpointing.Path}[module], 0
original = getattr(owner, name)
def dies(*args):
    global count
    count += "checkpoints" in str(args[0]) or name == "fsync"
    if count == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args)
setattr(owner, name, dies)
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


def test_a_training_killed_while_it_saves_ends_with_the_same_bytes(
    data, quick, uninterrupted, tmp_path
):
    words = quick(command(tmp_path, data))
    (tmp_path / "dies_in.py").write_text(DIES_IN)
    # before the file is on disk, before it has its name; and later, beside an older checkpoint
    for moment in ("os fsync 1", "Path replace 1", "os fsync 7"):
        dying = [words[0], "dies_in.py", moment, *words[1:]]
        assert subprocess.run(dying, cwd=tmp_path).returncode == -signal.SIGKILL, moment
    finish(tmp_path, words)
    assert results(tmp_path) == uninterrupted


@pytest.mark.parametrize("request_", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_ctrl_c_stops_within_a_second_with_one_line_that_says_how_to_continue(
    data, quick, uninterrupted, tmp_path, request_
):
    words = quick(command(tmp_path, data, checkpoint_every=0.5))
    process = start(tmp_path, words)
    wait_for_saves(tmp_path, process, 1)
    process.send_signal(request_)
    signaled = time.monotonic()
    _, errors = process.communicate()
    assert time.monotonic() - signaled < 1
    assert process.returncode == 130
    images_seen = re.fullmatch(
        r"interrupted; `dvc repro` continues after ([\d,]+) images\n", errors
    ).group(1)
    again = finish(tmp_path, words)
    assert f"continues after {images_seen} images" in again
    assert results(tmp_path) == uninterrupted


FULL_DISK = """
set -u
mkdir -p .genbench small
mount -t tmpfs -o size=2m tmpfs .genbench && mount -t tmpfs -o size=8k tmpfs small || exit 77
"$@" & trainer=$!
until ls .genbench/checkpoints/*.pt >/dev/null 2>&1; do sleep 0.01; done
kill -9 $trainer; wait $trainer
head -c 2m /dev/zero >.genbench/filler 2>/dev/null
"$@"; echo "full checkpoints: $?"
rm .genbench/filler
"$@" --out small/gan; echo "full outputs: $?"
ls .genbench/checkpoints | grep -c '\\.pt$'
"$@"; echo "room: $?"
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_full_disk_stops_with_one_line_and_loses_nothing(data, uninterrupted, tmp_path):
    words = command(tmp_path, data)
    shell = ["unshare", "-rm", "sh", "-c", FULL_DISK, "sh", *words]
    done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("mounting is not allowed here")
    assert "Traceback" not in done.stderr
    assert re.search(
        r"^error: .*/\.genbench/checkpoints/.*: the checkpoint cannot be written: No space left on"
        r" device; `dvc repro` continues after [\d,]+ images$",
        done.stderr,
        re.M,
    )
    assert re.search(r"^error: .*No space left on device", done.stderr, re.M)
    for line in ("full checkpoints: 1", "full outputs: 1\n1", "room: 0"):
        assert line in done.stdout, done
    assert results(tmp_path) == uninterrupted


def test_running_out_of_memory_says_how_much_was_asked_for_and_what_to_lower(data, tmp_path):
    words = command(tmp_path, data, model="vae", batch_size=10**6, images=10**6, width=32)

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))

    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 1
    assert re.search(
        r"^error: out of memory: [\d.]+ ?\w+ more were asked for; lower train.batch_size,",
        done.stderr.splitlines()[-1],
    ), done.stderr
    assert "Traceback" not in done.stderr


def test_training_on_as_much_as_cifar_10_takes_less_than_a_gibibyte_more_than_on_nothing(tmp_path):
    peaks = []
    for name, n, size, width in (("small", 100, 8, 4), ("large", 50_000, 32, 32)):
        data = write(tmp_path / f"{name}.npz", size, 3, train=n, val=n // 50)
        words = command(tmp_path, data, "dcgan", width=width, images=640)
        finish(tmp_path, words)
        weights = hashlib.sha256(
            (tmp_path / "out" / "dcgan" / "weights.pt").read_bytes()
        ).hexdigest()
        facts = json.loads((tmp_path / ".genbench" / "facts" / f"{weights}.json").read_text())
        peaks.append(facts["peak_memory_mib"])
    assert peaks[0] + 150 < peaks[1] < peaks[0] + 1024
