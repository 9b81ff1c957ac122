"""A training that is interrupted anywhere ends with the bytes of one that is not."""

import itertools
import os
import signal
from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.evaluation import prdc
from genbench.models.base import interface, registry
from genbench.networks import losses
from genbench.params import renamed
from genbench.training import checkpointing, loop, state
from genbench.training.checkpointing import Checkpoint
from genbench.training.loader import InMemoryLoader
from genbench.training.state import TrainerState
from genbench.utils import seeds

ROOT = Path(__file__).parents[2]
SHIPPED = params.load(ROOT / "params.yaml")
GAMES = list(zip(registry.NAMES, itertools.cycle([(3, 9, 9), (1, 8, 8)]), strict=False))
"""Every model, color and gray images in turn."""


class Killed(Exception):
    pass


def build(name, shape) -> TrainerState:
    """A training of `name` with everything on, before its first iteration."""
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(1)
    x = torch.randint(0, 256, (50, *shape), dtype=torch.uint8, generator=random)
    y = torch.arange(50) % 10
    model = registry.build(name, shape, 10, **SHIPPED.build_args(name) | {"width": 8})
    loader = InMemoryLoader(x, y, 8, seed=1)
    return TrainerState(model, loader, validation=(x[:3], y[:3]), ema_images=100)


def train(trainer: TrainerState, **options) -> TrainerState:
    """A short training, from where it is."""
    model, random = trainer.model, torch.Generator().manual_seed(2)
    noise = torch.randn(4, model.latent_dim, generator=random)
    labels = torch.arange(4)
    schedule = loop.Schedule(
        images=12 * trainer.images_per_iteration, log_points=5, snapshots=3, validations=2
    )
    loop.train(
        trainer,
        schedule,
        make_snapshot=lambda: model.decode(noise, labels).detach().numpy(),
        **options,
    )
    return trainer


def content(trainer):
    """All that a training leaves."""
    snapshots = [(images, x.tobytes()) for images, x in trainer.snapshots]
    state = trainer.model.state_dict()
    weights = {name: value.numpy().tobytes() for name, value in state.items()}
    return trainer.images_seen, trainer.history, snapshots, weights


@pytest.mark.parametrize("name, shape", GAMES, ids=str)
def test_a_state_holds_all_that_the_rest_of_a_training_depends_on(name, shape, tmp_path):
    def stop(trainer):
        if trainer.iterations == 7:  # between two rows of the history, within an epoch
            torch.save(trainer.state_dict(), tmp_path / "state")
            raise Killed

    with pytest.raises(Killed):
        train(build(name, shape), after_iteration=stop)
    resumed = build(name, shape)
    torch.randn(3)  # whatever another process has drawn
    resumed.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    assert content(train(resumed)) == content(train(build(name, shape)))


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """Makes the checkpoint of a training with the given key, in an empty repository."""
    monkeypatch.chdir(tmp_path)
    return lambda key=0, every=1e-9: Checkpoint("x", key, every=every)


def save_and_kill(checkpoint):
    """Save the state of a training that then is killed, after its first iteration."""

    def stop(trainer):
        checkpoint.maybe_save(trainer)
        raise Killed

    with pytest.raises(Killed), checkpoint:
        train(build("gan", (1, 8, 8)), after_iteration=stop)


def resumed_iterations(checkpoint) -> int:
    """How many iterations a new training finds behind it."""
    trainer = build("gan", (1, 8, 8))
    checkpoint.resume(trainer)
    return trainer.iterations


def test_a_checkpoint_outlives_an_error_and_goes_when_the_block_succeeds(checkpoint):
    save_and_kill(checkpoint())
    with checkpoint() as same:
        assert resumed_iterations(same) == 1
    assert resumed_iterations(checkpoint()) == 0


def test_a_checkpoint_of_another_key_or_code_or_threads_is_not_used(checkpoint, monkeypatch):
    save_and_kill(checkpoint())
    assert resumed_iterations(checkpoint(key=1)) == 0
    for owner, function, value in (
        (checkpointing, "_code_digests", ["other"]),
        (torch, "get_num_threads", 99),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, function, lambda value=value: value)
            assert resumed_iterations(checkpoint()) == 0
        with monkeypatch.context() as patch:
            patch.setattr(torch, "__version__", "0.4")
            assert resumed_iterations(checkpoint()) == 0
    assert resumed_iterations(checkpoint()) == 1


def edit(module, tmp_path, monkeypatch):
    """Let `module` be another file, with one more line."""
    edited = tmp_path / "edited.py"
    edited.write_text(Path(module.__file__).read_text() + "\n# edited\n")
    monkeypatch.setattr(module, "__file__", str(edited))


@pytest.mark.parametrize("module", [seeds, renamed, losses, interface, loop])
def test_the_code_behind_a_training_is_part_of_its_key(module, monkeypatch, tmp_path):
    before = checkpointing._code_digests()
    edit(module, tmp_path, monkeypatch)
    assert before != checkpointing._code_digests()


def test_the_code_of_a_metric_is_not_part_of_the_key(monkeypatch, tmp_path):
    before = checkpointing._code_digests()
    edit(prdc, tmp_path, monkeypatch)
    assert before == checkpointing._code_digests()


@pytest.mark.parametrize("place", [0, 31, 32, 1000, -1], ids=str)
def test_a_flipped_byte_is_reported_and_the_checkpoint_ignored(checkpoint, caplog, place):
    path = checkpoint().path
    save_and_kill(checkpoint())
    stored = bytearray(path.read_bytes())
    stored[place] ^= 1
    path.write_bytes(stored)
    assert resumed_iterations(checkpoint()) == 0
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == f"{path} is damaged; the training starts again"


@pytest.mark.parametrize("size", [0, 10, 5000], ids=str)
def test_a_checkpoint_cut_short_is_ignored(checkpoint, size):
    path = checkpoint().path
    save_and_kill(checkpoint())
    path.write_bytes(path.read_bytes()[:size])
    assert resumed_iterations(checkpoint()) == 0


def test_without_an_interval_nothing_is_written(checkpoint):
    save_and_kill(checkpoint(every=0))
    assert not list(Path(".genbench").glob("*/*"))


def test_losses_that_are_no_numbers_are_not_worth_a_checkpoint(checkpoint):
    def spoil(trainer):
        trainer.metric_sums["generator/loss"].fill_(float("nan"))
        current.maybe_save(trainer)

    current = checkpoint()
    with pytest.raises(FloatingPointError, match=r"generator/loss not finite after \d+ images"):
        with current:
            train(build("gan", (1, 8, 8)), after_iteration=spoil)
    assert resumed_iterations(checkpoint()) == 0


def interrupted(checkpoint, *, signals=1) -> str:
    """The line of a training, new or continued, that gets signals after its next iteration."""
    current = checkpoint

    def stop(trainer):
        for _ in range(signals):
            os.kill(os.getpid(), signal.SIGTERM)
        current.maybe_save(trainer)

    with pytest.raises(KeyboardInterrupt) as error, current:
        trainer = build("gan", (1, 8, 8))
        current.resume(trainer)
        train(trainer, after_iteration=stop)
    return str(error.value)


def test_a_signal_saves_once_more_and_says_where_the_training_goes_on(checkpoint):
    before = [signal.getsignal(number) for number in checkpointing.STOP_SIGNALS]
    assert interrupted(checkpoint(every=1000)).endswith("continues after 16 images")
    assert interrupted(checkpoint(every=1000)).endswith("continues after 32 images")
    # the second signal does not wait for a saving
    line = interrupted(checkpoint(every=1000), signals=2)
    assert line == "interrupted; `dvc repro` continues after 32 images"
    assert resumed_iterations(checkpoint()) == 2
    assert [signal.getsignal(number) for number in checkpointing.STOP_SIGNALS] == before


def test_a_signal_without_checkpoints_saves_nothing(checkpoint):
    line = interrupted(checkpoint(every=0))
    assert line == "interrupted; `dvc repro` starts from the beginning"
    assert not list(Path(".genbench").glob("*/*"))


def clock(monkeypatch, module):
    """A clock in place of the machine's, which is set by hand."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_training_is_saved_once_per_interval(checkpoint, monkeypatch):
    saved = []
    monkeypatch.setattr(Checkpoint, "_save", lambda self, trainer: saved.append(now[0]))
    now = clock(monkeypatch, checkpointing)
    with checkpoint(every=100) as current:
        for seconds in range(0, 400, 30):
            now[0] = seconds
            current.maybe_save(None)
    assert saved == [120, 240, 360]


def test_the_time_of_a_training_is_that_of_all_its_processes(monkeypatch):
    now = clock(monkeypatch, state)
    first = build("gan", (1, 8, 8))
    now[0] = 10.0
    stored = first.state_dict()
    now[0] = 100.0
    second = build("gan", (1, 8, 8))
    second.load_state_dict(stored)
    now[0] = 105.0
    second.finish()
    assert second.seconds == 15
