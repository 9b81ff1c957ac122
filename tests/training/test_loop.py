from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.networks import optimizers
from genbench.training import loop
from genbench.training.ema import EMA
from genbench.training.loader import InMemoryLoader

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
SHAPES = [(1, 8, 8), (3, 9, 9)]


def data(shape=(1, 8, 8), n=50, seed=0):
    random = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=random)
    return x, torch.arange(n) % 10


def trained(name, shape=(1, 8, 8), **options):
    torch.manual_seed(0)
    model = registry.build(name, shape, 10, **SHIPPED.build_args(name) | {"width": 8})
    done = loop.train(model, InMemoryLoader(*data(shape), 8, seed=1), **{"images": 160, **options})
    return model, done


def weights(model):
    return torch.cat([w.flatten() for w in model.parameters()])


def test_every_image_is_seen_once_before_any_is_seen_again():
    x = torch.arange(10, dtype=torch.uint8).reshape(10, 1, 1, 1)
    stream = InMemoryLoader(x, torch.arange(10), 4, seed=0)
    labels = torch.cat([stream[numbers][1] for numbers in stream.draw(5)])
    assert sorted(labels[:10].tolist()) == sorted(labels[10:].tolist()) == list(range(10))
    assert labels[:10].tolist() != labels[10:].tolist()


def test_a_batch_may_be_larger_than_the_dataset():
    x, y = data(n=3)
    numbers = InMemoryLoader(x, y, 8, seed=0).draw(2).flatten().tolist()
    passes = [sorted(numbers[i : i + 3]) for i in range(0, 15, 3)]
    assert passes == [[0, 1, 2]] * 5


def test_the_order_goes_on_from_the_number_of_images_drawn():
    x, y = data(n=10)
    whole, later = InMemoryLoader(x, y, 4, seed=0), InMemoryLoader(x, y, 4, seed=0)
    numbers = whole.draw(9)
    for drawn in range(9):
        later.seek(4 * drawn)
        assert torch.equal(later.draw(9 - drawn), numbers[drawn:])


def test_images_keep_their_labels_and_become_floats():
    x = torch.arange(0, 250, 10, dtype=torch.uint8).reshape(25, 1, 1, 1)
    stream = InMemoryLoader(x, torch.arange(25), 25, seed=3)
    images, labels = stream[stream.draw(1)[0]]
    torch.testing.assert_close(images.flatten(), labels * 10 / 127.5 - 1)


@pytest.mark.parametrize("name", registry.NAMES)
def test_the_same_seed_gives_the_same_weights(name):
    assert torch.equal(weights(trained(name)[0]), weights(trained(name)[0]))


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_looking_changes_no_weight(name, shape):
    x, y = data(shape, n=5)
    often = {"history": 20, "snapshots": 4, "draw": lambda: torch.randn(1).numpy()}
    watched, done = trained(name, shape, **often, validations=20, validation=(x, y))
    alone, _ = trained(name, shape, history=0)
    assert done.history and len(done.snapshots) > 1
    assert torch.equal(weights(watched), weights(alone))


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bfloat16_changes_the_losses_in_their_third_digit_and_the_weights_stay_float32(name, shape):
    model, mixed = trained(name, shape, images=96, history=1, bfloat16=True)
    _, plain = trained(name, shape, images=96, history=1)
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    losses = [{k: v for k, v in done.history[0].items() if "loss" in k} for done in (mixed, plain)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02, abs=0.02)


def test_a_player_changes_only_its_own_parameters():
    model = registry.build("gan", (1, 8, 8), 10, **SHIPPED.build_args("gan"))
    model.update_order = ("discriminator",)
    before = [w.clone() for w in model.generator.parameters()]
    loop.train(model, InMemoryLoader(*data(), 8, 0), images=80)
    assert all(torch.equal(a, b) for a, b in zip(before, model.generator.parameters(), strict=True))


@pytest.mark.parametrize("name, moves", [("vae", 1), ("gan", 2), ("wgan", 6)])
def test_the_budget_counts_every_moves_batch_in_whole_rounds(name, moves):
    _, done = trained(name, images=8 * moves * 3 + 7)
    assert done.seen == 8 * moves * 3


def test_history_and_snapshots_are_evenly_spaced_and_end_at_the_end():
    x, y = data(n=5)
    looks = {"snapshots": 3, "draw": lambda: x.numpy(), "validations": 2, "validation": (x, y)}
    _, done = trained("vae", images=800, history=4, **looks)
    assert [row["images"] for row in done.history] == [200, 400, 600, 800]
    assert [row["images"] for row in done.history if "val/loss" in row] == [400, 800]
    assert [seen for seen, _ in done.snapshots] == [0, 400, 800]


def test_the_history_is_the_mean_since_the_last_point():
    fine, coarse = (trained("vae", history=n)[1].history for n in (20, 2))
    means = torch.tensor([row["model/loss"] for row in fine]).reshape(2, 10).mean(1).tolist()
    assert [row["model/loss"] for row in coarse] == pytest.approx(means, rel=1e-5)


def test_a_loss_that_is_not_finite_stops_with_player_part_and_images():
    model = registry.build("vae", (1, 8, 8), 10, **SHIPPED.build_args("vae"))
    with torch.no_grad():
        next(model.encoder.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match=r"model/loss.* not finite after 16 images"):
        loop.train(model, InMemoryLoader(*data(), 8, 0), images=32, history=2)


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
    found = []
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
        found.append(torch.cat([net.weight.flatten(), net.bias]))
    torch.testing.assert_close(*found)


def test_the_average_forgets_half_per_half_life():
    class Tiny:
        averaged = ("net",)
        net = torch.nn.Linear(1, 1, bias=False)

    torch.nn.init.zeros_(Tiny.net.weight)
    average = EMA(Tiny, half_life=100)
    torch.nn.init.ones_(Tiny.net.weight)
    for step in range(1, 11):
        average.update(seen=10_000 + 10 * step, step=10)
    average.swap()
    assert Tiny.net.weight.item() == pytest.approx(0.5)


def test_the_average_of_a_gan_is_what_is_kept():
    raw, _ = trained("gan", ema_images=0)
    mean, _ = trained("gan", ema_images=100)
    pairs = zip(raw.generator.parameters(), mean.generator.parameters(), strict=True)
    assert not any(torch.equal(a, b) for a, b in pairs)
    pairs = zip(raw.discriminator.parameters(), mean.discriminator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
