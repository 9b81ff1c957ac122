import itertools
from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.networks import optimizers
from genbench.training.ema import EMA
from genbench.training.loader import InMemoryLoader
from genbench.training.loop import Schedule, train
from genbench.training.state import TrainerState

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
GAMES = list(zip(registry.NAMES, itertools.cycle([(1, 8, 8), (3, 9, 9)]), strict=False))
"""Every model, gray and color images in turn."""


def data(shape=(1, 8, 8), n=50, seed=0):
    random = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=random)
    return x, torch.arange(n) % 10


def trained(name, shape=(1, 8, 8), *, images=160, make_snapshot=None, schedule=None, **options):
    """A short training of `name`, with further entries of its `schedule` and `options`."""
    torch.manual_seed(0)
    model = registry.build(name, shape, 10, **SHIPPED.build_args(name) | {"width": 8})
    trainer = TrainerState(model, InMemoryLoader(*data(shape), 8, seed=1), **options)
    train(trainer, Schedule(images=images, **schedule or {}), make_snapshot=make_snapshot)
    return trainer


def weights(model):
    return torch.cat([w.flatten() for w in model.parameters()])


def test_every_image_is_seen_once_before_any_is_seen_again():
    x = torch.arange(10, dtype=torch.uint8).reshape(10, 1, 1, 1)
    loader = InMemoryLoader(x, torch.arange(10), 4, seed=0)
    labels = torch.cat([loader[indices][1] for indices in loader.next_indices(5)])
    assert sorted(labels[:10].tolist()) == sorted(labels[10:].tolist()) == list(range(10))
    assert labels[:10].tolist() != labels[10:].tolist()


def test_a_batch_may_be_larger_than_the_dataset():
    x, y = data(n=3)
    indices = InMemoryLoader(x, y, 8, seed=0).next_indices(2).flatten().tolist()
    epochs = [sorted(indices[i : i + 3]) for i in range(0, 15, 3)]
    assert epochs == [[0, 1, 2]] * 5


def test_the_order_goes_on_from_the_number_of_images_seen():
    x, y = data(n=10)
    whole = InMemoryLoader(x, y, 4, seed=0)
    resumed = InMemoryLoader(x, y, 4, seed=0)
    indices = whole.next_indices(9)
    for n_batches in range(9):
        resumed.seek(4 * n_batches)
        assert torch.equal(resumed.next_indices(9 - n_batches), indices[n_batches:])


def test_images_keep_their_labels_and_become_floats():
    x = torch.arange(0, 250, 10, dtype=torch.uint8).reshape(25, 1, 1, 1)
    loader = InMemoryLoader(x, torch.arange(25), 25, seed=3)
    images, labels = loader[loader.next_indices(1)[0]]
    torch.testing.assert_close(images.flatten(), labels * 10 / 127.5 - 1)


@pytest.mark.parametrize("name, shape", GAMES, ids=str)
def test_snapshots_and_validation_change_no_weight(name, shape):
    observed = trained(
        name,
        shape,
        schedule={"log_points": 20, "snapshots": 4, "validations": 20},
        make_snapshot=lambda: torch.randn(1).numpy(),
        validation=data(shape, n=5),
    )
    plain = trained(name, shape, schedule={"log_points": 0})
    assert observed.history and len(observed.snapshots) > 1
    assert torch.equal(weights(observed.model), weights(plain.model))


@pytest.mark.parametrize("name, shape", GAMES, ids=str)
def test_bfloat16_changes_the_losses_in_their_third_digit_and_the_weights_stay_float32(name, shape):
    mixed = trained(name, shape, images=96, schedule={"log_points": 1}, bfloat16=True)
    plain = trained(name, shape, images=96, schedule={"log_points": 1})
    assert {value.dtype for value in mixed.model.parameters()} == {torch.float32}
    losses = [{k: v for k, v in t.history[0].items() if "loss" in k} for t in (mixed, plain)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02, abs=0.02)


def test_a_player_changes_only_its_own_parameters():
    model = registry.build("gan", (1, 8, 8), 10, **SHIPPED.build_args("gan"))
    model.update_order = ("discriminator",)
    before = [w.clone() for w in model.generator.parameters()]
    train(TrainerState(model, InMemoryLoader(*data(), 8, 0)), Schedule(images=80))
    assert all(torch.equal(a, b) for a, b in zip(before, model.generator.parameters(), strict=True))


@pytest.mark.parametrize("name, steps", [("vae", 1), ("gan", 2), ("wgan", 6)])
def test_the_budget_counts_the_batch_of_every_step_in_whole_iterations(name, steps):
    assert trained(name, images=8 * steps * 3 + 7).images_seen == 8 * steps * 3


def test_history_and_snapshots_are_evenly_spaced_and_end_at_the_end():
    x, y = data(n=5)
    trainer = trained(
        "vae",
        images=800,
        schedule={"log_points": 4, "snapshots": 3, "validations": 2},
        make_snapshot=lambda: x.numpy(),
        validation=(x, y),
    )
    assert [row["images"] for row in trainer.history] == [200, 400, 600, 800]
    assert [row["images"] for row in trainer.history if "val/loss" in row] == [400, 800]
    assert [images_seen for images_seen, _ in trainer.snapshots] == [0, 400, 800]


def test_the_history_is_the_mean_since_the_last_point():
    fine, coarse = (trained("vae", schedule={"log_points": n}).history for n in (20, 2))
    means = torch.tensor([row["model/loss"] for row in fine]).reshape(2, 10).mean(1).tolist()
    assert [row["model/loss"] for row in coarse] == pytest.approx(means, rel=1e-5)


def test_a_loss_that_is_not_finite_stops_with_player_part_and_images():
    model = registry.build("vae", (1, 8, 8), 10, **SHIPPED.build_args("vae"))
    with torch.no_grad():
        next(model.encoder.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match=r"model/loss.* not finite after 16 images"):
        train(TrainerState(model, InMemoryLoader(*data(), 8, 0)), Schedule(images=32, log_points=2))


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (
            lambda w: optimizers.Adam(w, 0.01, betas=(0.5, 0.999)),
            lambda w: torch.optim.Adam(w, 0.01, betas=(0.5, 0.999), fused=True),
        ),
        (lambda w: optimizers.RMSprop(w, 0.01), lambda w: torch.optim.RMSprop(w, 0.01)),
    ],
    ids=["adam", "rmsprop"],
)
def test_an_optimizer_moves_like_torchs_own(ours, theirs):
    results = []
    for make in (ours, theirs):
        torch.manual_seed(0)
        net = torch.nn.Linear(3, 2)
        optimizer = make(list(net.parameters()))
        for _ in range(10):
            gradients = torch.autograd.grad(net(torch.randn(4, 3)).square().sum(), net.parameters())
            if make is ours:
                optimizer.step(gradients)
            else:
                net.weight.grad, net.bias.grad = gradients
                optimizer.step()
        results.append(torch.cat([net.weight.flatten(), net.bias]))
    torch.testing.assert_close(*results)


def test_the_average_forgets_half_per_half_life():
    class Tiny:
        averaged = ("net",)
        net = torch.nn.Linear(1, 1, bias=False)

    torch.nn.init.zeros_(Tiny.net.weight)
    average = EMA(Tiny, half_life=100)
    torch.nn.init.ones_(Tiny.net.weight)
    for step in range(1, 11):
        average.update(images_seen=10_000 + 10 * step, new_images=10)
    average.swap()
    assert Tiny.net.weight.item() == pytest.approx(0.5)


def test_a_gan_ends_with_the_average_of_its_generator():
    raw = trained("gan", ema_images=0).model
    averaged = trained("gan", ema_images=100).model
    pairs = zip(raw.generator.parameters(), averaged.generator.parameters(), strict=True)
    assert not any(torch.equal(a, b) for a, b in pairs)
    pairs = zip(raw.discriminator.parameters(), averaged.discriminator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_resumed_training_reports_its_whole_history_and_each_warning_once(capsys):
    trainer, rows = trained("vae", schedule={"log_points": 4}), []
    for row in trainer.history[1:3]:
        row |= {"val/diversity": 0.3, "alarm/mode_collapse": 1.0}
    capsys.readouterr()
    train(trainer, Schedule(images=160), name="x", on_log=rows.append)
    assert rows == trainer.history
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "warning" in line]
    assert line.startswith("x: warning after 80 images: mode collapse: generated images vary 0.30")
