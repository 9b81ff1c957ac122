"""Which images a training sees, what it shows, keeps and continues: read off a game that notes."""

import fabricated
import numpy as np
import pytest
import torch
from PIL import Image
from toy_game import N_TRAIN, N_VAL, Game, batches, levels_of, spec, train

from genbench.networks import checkpoint
from genbench.training import run
from genbench.training.results import load_training
from genbench.utils import devices, failure, provenance
from genbench.utils.errors import InputError
from genbench.utils.subset import training_rows

pytestmark = pytest.mark.usefixtures("workspace")


def test_players_learn_from_training_images_each_from_a_batch_of_its_own():
    calls = train().model.calls["losses"]
    assert [player for player, _, _ in calls] == ["first", "second"] * 20
    for _, x, y in calls:
        assert levels_of(x) == [10 * label for label in y.tolist()]
    labels = torch.cat([y for _, _, y in calls]).reshape(-1, N_TRAIN)
    assert all(sorted(epoch.tolist()) == list(range(N_TRAIN)) for epoch in labels)


def test_a_part_of_the_training_images_is_all_that_a_model_sees():
    split = fabricated.TREE["split"] | {"train": 4}
    trained = train(split=split)
    labels = {label for _, _, y in trained.model.calls["losses"] for label in y.tolist()}
    assert labels == set(training_rows(np.arange(N_TRAIN), 4, "digits")) and len(labels) == 4
    assert trained.model.training_images == 4
    with pytest.raises(InputError, match="^split.train: digits has 10 training images, got 11$"):
        train(split=split | {"train": 11})


def test_a_gan_is_told_how_its_discriminator_sees_images(monkeypatch):
    monkeypatch.setattr(run, "GAN", Game)
    assert train(train={"augment": ["color"]}).model.augmentations == ["color"]


def test_a_model_is_told_how_many_images_it_is_trained_on():
    assert train().model.training_images == N_TRAIN != N_VAL


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"dataset": "other"}, {"model": "vae"}, {"stream": (3,)}], ids=str
)
def test_the_order_of_images_and_the_noise_follow_the_name_of_the_training_and_its_seed(change):
    one, again, other = train(), train(), train(**change)
    assert batches(one) == batches(again) != batches(other)
    assert one.history == again.history
    orders = [[sorted(batch) for batch in batches(trained)[:2]] for trained in (one, other)]
    assert orders[0] != orders[1]


def test_validation_is_of_evenly_spaced_validation_images_of_the_first_player(monkeypatch):
    monkeypatch.setattr(run, "VALIDATION_IMAGES", 4)
    monkeypatch.setattr(run, "VALIDATION_SHARE", 0.05)
    trained = train()  # 5 % of 160 images are two validations of four
    calls = trained.model.calls
    assert len(calls["validations"]) == len(calls["diagnosed"]) == 2
    for player, x, y in calls["validations"]:
        assert player == "first" and levels_of(x) == [100, 102, 104, 106]
        assert y.tolist() == [0, 2, 4, 6]
    assert all(levels_of(x) == [100, 102, 104, 106] for x, _ in calls["diagnosed"])
    validated = [row for row in trained.history if "val/loss" in row]
    assert [row["images"] for row in validated] == [80, 160]
    assert all(row["val/level"] == pytest.approx(103 / 127.5 - 1) for row in validated)
    assert validated[0]["val/noise"] == validated[1]["val/noise"]
    assert all(row["alarm/mode_collapse"] == 1 for row in validated)


def test_validation_images_are_all_there_are_where_they_are_few():
    (_, x, y), *_ = train().model.calls["validations"]
    assert levels_of(x) == list(range(100, 100 + N_VAL)) and y.tolist() == list(range(N_VAL))


def test_a_model_is_not_warned_of_in_the_first_fifth_of_its_budget(monkeypatch):
    monkeypatch.setattr(run, "VALIDATION_SHARE", 1)
    rows = train(train={"log_points": 20}).history
    assert all("val/diversity" in row for row in rows)
    assert [row["images"] for row in rows if "alarm/mode_collapse" in row] == [*range(32, 161, 8)]


def test_the_history_has_the_means_of_losses_and_gradients_in_their_order():
    rows = []
    trained = train(rows.append)
    assert rows == trained.history
    assert [row["images"] for row in rows] == [40, 80, 120, 160] and trained.images_seen == 160
    for player, start, norm in (
        ("first", 0, lambda level: np.hypot(level, 3)),
        ("second", 1, lambda level: np.sqrt(2) * abs(level)),
    ):
        levels = np.array([x.mean() for _, x, _ in trained.model.calls["losses"][start::2]])
        norms = norm(levels).reshape(4, 5).mean(1)
        np.testing.assert_allclose([r[f"{player}/gradient_norm"] for r in rows], norms, rtol=1e-5)
        if player == "first":
            got = [row["first/level"] for row in rows]
            np.testing.assert_allclose(got, levels.reshape(4, 5).mean(1), rtol=1e-5)
    uneven = train(train={"images": 167})  # whole iterations alone
    assert uneven.images_seen == uneven.history[-1]["images"] == 160


def averages(trained, half_life):
    """The averages of the network's weights and statistics after each iteration, by formula."""
    states = [state for player, state in trained.model.calls["updated"] if player == "second"]
    average = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}
    found = [average]
    for n, state in enumerate(states, 1):
        decay = 0.5 ** (8 / min(half_life, 0.05 * 8 * n))
        average = {k: decay * v + (1 - decay) * state[k].item() for k, v in average.items()}
        found.append(average)
    return found


def test_snapshots_and_the_trained_model_have_averaged_weights_and_batch_norm_statistics():
    trained = train(snapshots=3)
    want = averages(trained, half_life=5)
    shown = trained.model.calls["decoded"]
    assert [seen for seen, _ in trained.snapshots] == [0, 80, 160]
    final = trained.model.copy_net()
    for state, average in zip(
        [*(state for _, _, state, _ in shown), final],
        [want[0], want[10], want[20], want[20]],
        strict=True,
    ):
        got = {name: state[name].item() for name in average}
        assert got == pytest.approx(average, rel=1e-4)
    raw = trained.model.calls["updated"][19][1]
    for name, value in want[10].items():
        assert raw[name].item() != pytest.approx(value, rel=2e-3), "cannot be told from it"
    assert not trained.model.training and not any(training for *_, training in shown)
    assert trained.ema


def test_without_an_average_the_trained_model_has_the_last_weights():
    trained = train(train={"ema_images": 0}, snapshots=2)
    raw = trained.model.calls["updated"][-1][1]
    assert all(torch.equal(raw[name], value) for name, value in trained.model.copy_net().items())
    assert not trained.ema


def test_showing_and_validating_changes_no_step_of_a_training_with_averages():
    shown = train(snapshots=5, train={"log_points": 20})
    plain = train(train={"log_points": 1})
    for (_, a), (_, b) in zip(
        shown.model.calls["updated"], plain.model.calls["updated"], strict=True
    ):
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert batches(shown) == batches(plain)


def test_snapshots_are_of_the_same_latents_and_of_all_classes_in_turn():
    def latents(**change):
        shown = train(snapshots=2, **change).model.calls["decoded"]
        assert all(y.tolist() == [i % 3 for i in range(25)] for _, y, *_ in shown)
        assert torch.equal(shown[0][0], shown[1][0])
        return shown[0][0]

    first = latents()
    assert first.shape == (25, 4)
    assert all(torch.equal(first, latents(**c)) for c in ({"model": "vae"}, {"stream": (3,)}))
    assert not any(torch.equal(first, latents(**c)) for c in ({"seed": 1}, {"dataset": "x"}))


def test_the_folder_of_a_training_has_its_weights_curves_and_pictures_in_order():
    trained = train(snapshots=3, train={"images": 1040})
    run.save_trained_model(run.Path("out"), trained)
    training = load_training(run.Path("out"))
    for row, before in zip(training.history, trained.history, strict=True):
        assert row == pytest.approx(before, rel=1e-4)
    assert list(training.snapshots) == [0, 520, 1040]
    assert [*training.snapshots.values()] == sorted(training.snapshots.values())
    for (_, x), path in zip(trained.snapshots, training.snapshots.values(), strict=True):
        tiles = np.asarray(Image.open(path))[32::66, 32::66, 0]
        assert np.array_equal(tiles, x[:, 0, 0, 0].reshape(5, 5))
    stored = checkpoint.read(training.weights)
    assert stored["build_args"] == {
        "name": "gan",
        "image_shape": (1, 8, 8),
        "classes": 3,
        "latent_dim": 4,
        "width": 8,
    }
    assert torch.equal(stored["weights"]["net.weight"], trained.model.net.weight)
    curves = {f"{curve.player}/{curve.part}": curve for curve in training.curves}
    assert "alarm/mode_collapse" not in curves and "val/loss" in curves
    for name, curve in curves.items():
        rows = [row for row in training.history if name in row]
        assert curve.images == [row["images"] for row in rows]
        assert curve.values == [row[name] for row in rows]
    facts = provenance.load(training.weights)
    assert facts.keys() == trained.provenance.keys() and facts["device"] == "cpu"
    assert facts["images_per_second"] * facts["seconds"] == pytest.approx(1040, rel=1e-4)


def test_a_summary_has_the_last_value_of_every_curve_and_the_warnings_of_all_rows():
    history = [
        {"images": 10.0, "first/loss": 3.0, "val/diversity": 0.3, "alarm/mode_collapse": 1.0},
        {"images": 20.0, "first/loss": 2.0, "val/diversity": 0.9},
        {"images": 30.0, "first/loss": 1.0},
    ]
    args = {"image_shape": (1, 8, 8)}
    game = Game((1, 8, 8), 3, latent_dim=4, width=8)
    summary = run.TrainedModel(game, args, True, history, [], 30, {}).summary()
    assert summary.final == {"first/loss": 1.0, "val/diversity": 0.9}
    assert (summary.parameters, summary.images, summary.ema) == (4, 30, True)
    (line,) = summary.alarms
    assert line.startswith("mode collapse") and line.endswith("at 10 images, not at the end")


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_losses_are_in_bfloat16_only_where_that_is_asked_for(monkeypatch, precision):
    monkeypatch.setattr(devices, "_has_fast_bfloat16", lambda device: True)
    trained = train(train={"precision": precision, "images": 16, "log_points": 1})
    validated = len(trained.model.calls["validations"])
    in_training = trained.model.calls["autocast"][: len(trained.model.calls["losses"])]
    assert set(in_training) == {precision == "bfloat16"} and validated == 1
    assert trained.provenance["precision"] == precision


@pytest.mark.parametrize("first_bad, rows", [(1, 0), (12, 2)])
def test_a_training_that_diverges_leaves_its_curves_and_the_reason_and_no_weights(
    monkeypatch, first_bad, rows
):
    loss = Game.loss

    def diverges(self, player, x, y):
        out = loss(self, player, x, y)
        if len(self.calls["updated"]) >= 2 * first_bad - 2:
            out["level"] = out["level"] * float("nan")
        return out

    monkeypatch.setattr(Game, "loss", diverges)
    # saved after every iteration or never: where it ends must not depend on the clock
    for every in (0, 1e-9):
        with run.train_model(spec(train={"checkpoint_every": every}, snapshots=3)) as trained:
            run.save_trained_model(run.Path(f"out-{every}"), trained)
    training = load_training(run.Path("out-0"))
    seen = 8 * 5 * (rows + 1)  # found at the next of 4 rows of the history, of 5 iterations each
    assert failure.load(training.folder) == (
        "first/level and 1 more not finite; try a lower learning rate"
    )
    assert training.summary.images == seen and len(training.history) == rows
    assert not training.weights.exists()
    for name in ("summary.json", "history.csv", "failed.txt"):
        assert (training.folder / name).read_bytes() == run.Path("out-1e-09", name).read_bytes()
    assert not list(run.Path(".genbench/checkpoints").glob("*"))
