"""A training that is interrupted anywhere ends with the bytes of one that is not."""

import hashlib
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
import torch
import yaml

from genbench import images, models, params, resume, training
from genbench.batches import Batches

ROOT = Path(__file__).parents[1]
SHIPPED = params.load(ROOT / "params.yaml")
SHAPES = [(1, 8, 8), (3, 9, 9)]


class Killed(Exception):
    pass


def train(name, shape, **options):
    """A short training of `name` with everything on."""
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(1)
    x = torch.randint(0, 256, (50, *shape), dtype=torch.uint8, generator=random)
    y = torch.arange(50) % 10
    model = models.build(name, shape, 10, **SHIPPED.build_args(name))
    noise = torch.randn(4, model.latent_dim, generator=random)
    return training.train(
        *(model, Batches(x, y, 8, seed=1)),
        **{"images": 8 * len(model.turns) * 12, "ema_images": 100, "history": 5},
        **{"snapshots": 3, "draw": lambda: model.decode(noise, y[:4]).detach().numpy()},
        **{"validations": 2, "validation": (x[:3], y[:3])},
        **options,
    )


def content(done):
    """All that a training leaves."""
    snapshots = [(seen, x.tobytes()) for seen, x in done.snapshots]
    weights = {name: value.numpy().tobytes() for name, value in done.model.state_dict().items()}
    return done.seen, done.history, snapshots, weights


@pytest.mark.parametrize("name", models.NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_state_holds_all_that_the_rest_of_a_training_depends_on(name, shape, tmp_path):
    def stop(now):
        if now.rounds == 7:  # between two rows of the history, within a pass over the images
            torch.save(now.state(), tmp_path / "state")
            raise Killed

    with pytest.raises(Killed):
        train(name, shape, after_round=stop)
    state = torch.load(tmp_path / "state", weights_only=True)
    torch.randn(3)  # whatever another process has drawn
    assert content(train(name, shape, state=state)) == content(train(name, shape))


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Makes the checkpoint of a training with the given choices, in an empty repository."""
    monkeypatch.chdir(tmp_path)
    return lambda *depends, every=1e-9: resume.Checkpoint("x", every, *depends)


def saved(checkpoint):
    """Save the state of a training that then is killed."""

    def stop(now):
        checkpoint.visit(now)
        raise Killed

    with pytest.raises(Killed), checkpoint:
        train("gan", (1, 8, 8), after_round=stop)


def test_a_checkpoint_outlives_an_error_and_goes_when_the_block_succeeds(kept):
    saved(kept(1))
    with kept(1) as same:
        assert same.load()["rounds"] == 1
    assert kept(1).load() is None


def test_a_checkpoint_of_other_choices_or_code_or_threads_is_not_used(kept, monkeypatch):
    saved(kept(1))
    assert kept(2).load() is None
    monkeypatch.setattr(resume, "_code", lambda: ["other"])
    assert kept(1).load() is None
    monkeypatch.undo()


def test_the_code_behind_a_training_is_part_of_its_key(monkeypatch, tmp_path):
    before = resume._code()
    edited = tmp_path / "losses.py"
    edited.write_text(Path(models.base.losses.__file__).read_text() + "\n# edited\n")
    monkeypatch.setattr(models.base.losses, "__file__", str(edited))
    assert before != resume._code()


@pytest.mark.parametrize("place", [0, 31, 32, 1000, -1], ids=str)
def test_a_flipped_byte_is_reported_and_the_checkpoint_ignored(kept, capsys, place):
    checkpoint = kept()
    saved(checkpoint)
    stored = bytearray(checkpoint.path.read_bytes())
    stored[place] ^= 1
    checkpoint.path.write_bytes(stored)
    assert kept().load() is None
    assert f"{checkpoint.path} is damaged; the training starts again" in capsys.readouterr().err


@pytest.mark.parametrize("size", [0, 10, 5000], ids=str)
def test_a_checkpoint_cut_short_is_ignored(kept, size):
    checkpoint = kept()
    saved(checkpoint)
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:size])
    assert kept().load() is None


def test_without_an_interval_nothing_is_written(kept):
    saved(kept(every=0))
    assert not list(Path(".genbench").glob("*/*"))


def test_losses_that_are_no_numbers_are_not_worth_a_checkpoint(kept):
    def spoil(now):
        now.sums["generator/loss"].fill_(float("nan"))
        checkpoint.visit(now)

    checkpoint = kept()
    with pytest.raises(FloatingPointError, match="generator/loss not finite after 16 images"):
        with checkpoint:
            train("gan", (1, 8, 8), after_round=spoil)
    assert kept().load() is None


# Real processes from here on: stages/train.py in a folder of its own.

IMAGES = 90_000
STATE = ".genbench/checkpoints/digits-gan-*.pt"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images of the digits' size, in the format of `preprocess`."""
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    random = np.random.default_rng(0)
    arrays = {"classes": np.array([str(k) for k in range(10)])}
    for part, n in {"train": 1000, "val": 100}.items():
        arrays[f"{part}_x"] = random.integers(0, 256, (n, 1, 8, 8), dtype=np.uint8)
        arrays[f"{part}_y"] = np.arange(n) % 10
    images.save_npz(path, **arrays)
    return path


def command(folder, data, model="gan", *, out="out/gan.pt", model_block=(), **train):
    """The command of stage `train`, and the choices it reads written into `folder`."""
    folder.mkdir(exist_ok=True)
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["model"] |= {"latent_dim": 4, "width": 4, **dict(model_block)}
    tree["train"] |= {"images": IMAGES, "threads": 1, "checkpoint_every": 0.001, **train}
    tree["tracking"]["enabled"] = False
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    options = {"dataset": "digits", "model": model, "data": data, "out": out, "record": "record"}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, str(ROOT / "stages" / "train.py"), *words]


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
    files = [p for p in folder.glob("out/*")] + [p for p in folder.glob("record/**/*.*")]
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    finish(folder, command(folder, data, checkpoint_every=0))
    found = results(folder)
    assert {"gan.pt", "history.csv", "summary.json", f"{0:08d}.png"} <= {p.name for p in found}
    return found


@pytest.mark.slow
def test_a_training_killed_at_ten_random_moments_ends_with_the_same_bytes(
    data, uninterrupted, tmp_path
):
    words, chance = command(tmp_path, data), random.Random(0)
    for _ in range(10):
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
from genbench import resume
module, name, number = sys.argv.pop(1).split()
owner, count = {"os": os, "Path": resume.Path}[module], 0
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


@pytest.mark.slow
def test_a_training_killed_while_it_saves_ends_with_the_same_bytes(data, uninterrupted, tmp_path):
    words = command(tmp_path, data)
    # before the file is on disk, before its new name is, before it has its name; the first time
    # and a later time, when there is an older checkpoint
    for moment in ("os fsync 1", "Path replace 1", "os fsync 2", "os fsync 7", "Path replace 4"):
        dying = [words[0], "-c", DIES_IN, moment, *words[1:]]
        assert subprocess.run(dying, cwd=tmp_path).returncode == -signal.SIGKILL, moment
    finish(tmp_path, words)
    assert results(tmp_path) == uninterrupted


@pytest.mark.slow
@pytest.mark.parametrize("request_", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_ctrl_c_stops_within_a_second_with_one_line_that_says_how_to_continue(
    data, uninterrupted, tmp_path, request_
):
    words = command(tmp_path, data, checkpoint_every=0.5)
    process = start(tmp_path, words)
    wait_for_saves(tmp_path, process, 1)
    process.send_signal(request_)
    asked = time.monotonic()
    _, said = process.communicate()
    assert time.monotonic() - asked < 1
    assert process.returncode == 130
    images_seen = re.fullmatch(
        r"interrupted; `dvc repro` continues after ([\d,]+) images\n", said
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
"$@" --out small/gan.pt; echo "full outputs: $?"
ls .genbench/checkpoints | grep -c '\\.pt$'
"$@"; echo "room: $?"
"""


@pytest.mark.slow
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


@pytest.mark.slow
def test_running_out_of_memory_says_how_much_was_asked_for_and_what_to_lower(data, tmp_path):
    words = command(tmp_path, data, model="vae", batch_size=3_000_000, images=3_000_000)

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))

    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 1
    assert re.search(
        r"^error: out of memory: [\d.]+ ?\w+ more were asked for; lower train.batch_size,",
        done.stderr.splitlines()[-1],
    ), done.stderr
    assert "Traceback" not in done.stderr
