"""The encoder of f-AnoGAN: its loss written out in numpy, and what it learns."""

from pathlib import Path

import numpy as np
import pytest
import torch
from layers import randomized
from torch import nn

from genbench import params
from genbench.models.base import registry

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
KAPPA = 3.0


def build(shape=(3, 9, 9), **changes):
    torch.manual_seed(0)
    args = SHIPPED.build_args("f_anogan") | {"latent_dim": 5, "width": 4, "kappa": KAPPA}
    return registry.build("f_anogan", shape, 6, **args | changes)


@torch.no_grad()
def test_the_loss_of_the_encoder_is_the_mean_of_its_score_by_the_papers_equation():
    model = randomized(build()).eval()
    x, y = torch.rand(6, 3, 9, 9) * 2 - 1, torch.zeros(6, dtype=torch.long)
    made = model.generator(model.encoder(x))
    pixels = ((made - x) ** 2).numpy().reshape(6, -1).mean(1)
    hidden = nn.Sequential(*list(model.critic)[:-1])
    features = ((hidden(made) - hidden(x)) ** 2).numpy().reshape(6, -1).mean(1)
    scores = model.scores(x, y)
    assert list(scores) == ["f_anogan", "reconstruction_error", "critic"]
    np.testing.assert_allclose(scores["f_anogan"], pixels + KAPPA * features, rtol=1e-4)
    np.testing.assert_allclose(scores["reconstruction_error"], pixels, rtol=1e-4)
    loss = {name: value.item() for name, value in model.loss("encoder", x, y).items()}
    expected = {"pixel_error": pixels.mean(), "feature_error": features.mean()}
    expected["loss"] = expected["pixel_error"] + KAPPA * expected["feature_error"]
    assert loss == pytest.approx(expected, rel=1e-4)


def test_an_encoder_learns_to_find_the_latents_of_generated_images():
    model = build((1, 8, 8), lr=0.003, latent_dim=2)
    model.generator = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    x, y = torch.zeros(64, 1, 8, 8), torch.zeros(64, dtype=torch.long)

    def cycle_error():
        torch.manual_seed(1)
        with torch.no_grad():
            return model.eval().diagnose(x, y)["cycle_error"].item()

    before = cycle_error()
    optimizer = model.train().optimizer(model.players()["encoder"])
    for _ in range(200):
        with torch.no_grad():
            fake = model.generate_like(x, y)
        optimizer.step(
            torch.autograd.grad(model.loss("encoder", fake, y)["loss"], optimizer.parameters)
        )
    assert cycle_error() < before / 3
