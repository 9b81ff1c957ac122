"""A training that is interrupted anywhere ends with the bytes of one that is not."""

from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.networks import losses
from genbench.training import checkpointing, loop
from genbench.training.loader import InMemoryLoader

ROOT = Path(__file__).parents[2]
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
    model = registry.build(name, shape, 10, **SHIPPED.build_args(name) | {"width": 8})
    noise = torch.randn(4, model.latent_dim, generator=random)
    return loop.train(
        model,
        InMemoryLoader(x, y, 8, seed=1),
        images=8 * len(model.update_order) * 12,
        ema_images=100,
        history=5,
        snapshots=3,
        draw=lambda: model.decode(noise, y[:4]).detach().numpy(),
        validations=2,
        validation=(x[:3], y[:3]),
        **options,
    )


def content(done):
    """All that a training leaves."""
    snapshots = [(seen, x.tobytes()) for seen, x in done.snapshots]
    weights = {name: value.numpy().tobytes() for name, value in done.model.state_dict().items()}
    return done.seen, done.history, snapshots, weights


@pytest.mark.parametrize("name", registry.NAMES)
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
    return lambda *depends, every=1e-9: checkpointing.Checkpoint("x", every, *depends)


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
    monkeypatch.setattr(checkpointing, "_code", lambda: ["other"])
    assert kept(1).load() is None
    monkeypatch.undo()


def test_the_code_behind_a_training_is_part_of_its_key(monkeypatch, tmp_path):
    before = checkpointing._code()
    edited = tmp_path / "losses.py"
    edited.write_text(Path(losses.__file__).read_text() + "\n# edited\n")
    monkeypatch.setattr(losses, "__file__", str(edited))
    assert before != checkpointing._code()


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
