"""A game of two players with linear losses, which notes all that it is asked, and its trainings."""

from collections import defaultdict

import fabricated
import numpy as np
import torch
from torch import nn

from genbench.models.base.interface import GenerativeModel
from genbench.training import run
from genbench.utils import files

N_TRAIN, N_VAL = 10, 7


class Game(GenerativeModel):
    """The first player has a batch norm of gray levels, of which there is an average.

    Gradients: the first player's are the mean gray level and 3, the second's twice that level.
    """

    update_order = ("first", "second")
    averaged = ("net",)
    conditional = True
    lr = 0.01

    def __init__(self, image_shape, classes, *, latent_dim, width):
        super().__init__()
        self.latent_dim = latent_dim
        self.net = nn.BatchNorm1d(1)
        self.other = nn.Parameter(torch.zeros(2))
        self.calls = defaultdict(list)

    def players(self):
        return {"first": list(self.net.parameters()), "second": [self.other]}

    def loss(self, player, x, y):
        kind = "losses" if self.training else "validations"
        self.calls[kind].append((player, x.clone(), y.clone()))
        self.calls["autocast"].append(torch.is_autocast_enabled("cpu"))
        self.net(x.flatten(1).mean(1, keepdim=True))
        level = x.mean()
        if player == "second":
            return {"loss": (self.other * level).sum(), "level": level + torch.rand(()) / 100}
        return {"loss": (self.net.weight * level + 3 * self.net.bias).sum(), "level": level}

    def after_update(self, player):
        self.calls["updated"].append((player, self.copy_net()))

    def copy_net(self):
        return {name: value.clone() for name, value in self.net.state_dict().items()}

    def decode(self, z, y):
        self.calls["decoded"].append((z[:25], y[:25], self.copy_net(), self.training))
        return (z[:, 0] / 4).reshape(-1, 1, 1, 1).expand(-1, 1, 8, 8)

    def features(self, x, y):
        return x.flatten(1)

    def diagnose(self, x, y):
        self.calls["diagnosed"].append((x, y))
        return {"diversity": torch.tensor(0.3), "noise": torch.rand(())}


def save_data(path, first=0):
    """Flat images: 10 i for training, 100 + i for validation, 200 + i for testing; label i."""
    arrays = {"classes": np.array(["a", "b", "c"])}
    levels = {"train": 10 * np.arange(N_TRAIN), "val": 100 + np.arange(N_VAL)}
    for part, values in (levels | {"test": 200 + np.arange(N_VAL)}).items():
        x = (first + values).astype(np.uint8)[:, None, None, None]
        arrays |= {f"{part}_x": np.tile(x, (1, 1, 8, 8)), f"{part}_y": np.arange(len(values))}
    files.save_npz(path, **arrays)


def spec(*, train=(), dataset="digits", model="gan", stream=(), snapshots=0, **changes):
    """A training of 20 iterations, 8 images each, on the data in data.npz."""
    choices = {"images": 160, "batch_size": 4, "ema_images": 5, "log_points": 4}
    choices |= {"checkpoint_every": 0, **dict(train)}
    params = fabricated.params(train={**fabricated.TREE["train"], **choices}, **changes)
    return run.TrainingSpec(
        params=params,
        dataset=dataset,
        model=model,
        data=run.Path("data.npz"),
        perceptual=run.Path("perceptual.pt"),
        stream=stream,
        snapshots=snapshots,
    )


def levels_of(x):
    """The gray levels of flat images in [-1, 1]."""
    return ((x[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


def train(on_log=lambda row: None, **choices):
    with run.train_model(spec(**choices), on_log) as trained:
        return trained


def batches(trained):
    return [levels_of(x) for _, x, _ in trained.model.calls["losses"]]


def build_game(name, class_path=None, code=None, **args):
    """As `registry.build` builds a model."""
    return Game(**args)
