"""A training that stops is continued, by one that depends on the same choices and no other."""

import fabricated
import numpy as np
import pytest
import torch
from toy_game import Game, batches, build_game, save_data, train

from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier, extract_features
from genbench.params.schema import Train
from genbench.training import processes, run
from genbench.utils import devices, files

pytestmark = pytest.mark.usefixtures("workspace")


class Stop(Exception):
    pass


def test_a_training_that_stops_goes_on_and_ends_as_if_it_had_not():
    whole = train()
    every = {"checkpoint_every": 1e-9}

    def stop(row):
        if row["images"] == 80:
            raise Stop

    with pytest.raises(Stop):
        train(stop, train=every)
    rows = []
    rest = train(rows.append, train=every)
    assert rows == rest.history == whole.history
    assert batches(rest) == batches(whole)[-len(batches(rest)) :]
    assert len(batches(rest)) == 2 * 11  # the tenth iteration was not yet saved
    assert not list(run.Path(".genbench/checkpoints").iterdir())


def key(monkeypatch, device="cpu", **changes):
    """What names the checkpoint of a training, before its first iteration."""
    keys = []

    def note(name, key, every):
        keys.append(files.json.dumps(key, sort_keys=True))
        raise Stop

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(run, "Checkpoint", note)
        patch.setattr(devices, "configure_torch", lambda *_: torch.device(device))
        train(**changes)
    return keys[0]


CHOICES = {
    "images": 88,
    "batch_size": 5,
    "ema_images": 9,
    "log_points": 3,
    "snapshots": 9,
    "threads": 2,
    "precision": "tf32",
    "deterministic": False,
    "checkpoint_every": 7,
    "augment": ["color"],
    "select": "best",
}


def test_a_checkpoint_is_of_all_choices_of_a_training_but_how_it_is_run(monkeypatch):
    assert CHOICES.keys() == Train.model_fields.keys()
    keys = {name: key(monkeypatch, train={name: value}) for name, value in CHOICES.items()}
    first = key(monkeypatch)
    assert {name for name in keys if keys[name] == first} == {"threads", "checkpoint_every"}
    changes = (
        {"seed": 1},
        {"model": "vae"},
        {"dataset": "other"},
        {"stream": (3,)},
        {"snapshots": 2},
        {"device": "meta"},
        {"zoo": {"gan": {"lr": 0.1}}},
    )
    with monkeypatch.context() as patch:
        patch.setattr(run.registry, "build", lambda lr=0, **args: build_game(**args))
        others = [key(monkeypatch, **change) for change in changes]
    assert len({first, *others}) == 1 + len(changes)
    evaluate = fabricated.TREE["evaluate"] | {"n": 17}
    assert key(monkeypatch, evaluate=evaluate) == first


def test_a_checkpoint_is_of_the_number_of_processes(monkeypatch):
    first = key(monkeypatch)
    monkeypatch.setattr(processes, "count", lambda: 2)
    monkeypatch.setattr(processes, "is_first", lambda: True)
    assert key(monkeypatch) != first


def test_a_checkpoint_is_of_its_data_and_of_the_classifier_that_the_loss_reads(monkeypatch):
    first = key(monkeypatch)
    run.Path("perceptual.pt").write_bytes(b"others")
    assert key(monkeypatch) == first
    monkeypatch.setattr(Game, "perceptual", 0.5)
    monkeypatch.setattr(run, "perceptual_features", lambda *_: None)
    second = key(monkeypatch)
    run.Path("perceptual.pt").write_bytes(b"weights")
    assert len({first, second, key(monkeypatch)}) == 3
    save_data(run.Path("data.npz"), first=1)
    monkeypatch.setattr(Game, "perceptual", 0.0)
    assert key(monkeypatch) != first


def test_a_perceptual_loss_reads_the_features_of_the_classifier(monkeypatch):
    args = {"image_shape": (1, 8, 8), "classes": 3, "network": "cnn", "width": 4, "lr": 0.1}
    checkpoint.save(run.Path("perceptual.pt"), Classifier(**args), **args)
    monkeypatch.setattr(Game, "perceptual", 0.5)
    model = train(train={"images": 8}).model
    network = Classifier(**args).eval()
    network.load_state_dict(checkpoint.read(run.Path("perceptual.pt"))["weights"])
    x = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8), dtype=np.uint8)
    want, _ = extract_features(network, x)
    got = model.perceptual_features(torch.as_tensor(x).float() / 127.5 - 1)
    torch.testing.assert_close(got, want)
