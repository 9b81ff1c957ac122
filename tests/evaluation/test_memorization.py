"""Copies of training images lower the memorization ratio, and the figure shows them."""

import numpy as np
import pytest
import torch

from genbench.evaluation.memorization import memorization_ratio, nearest_figure, nearest_grid


def cloud(n=400, d=6, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d))).float()


def test_copies_of_training_images_lower_the_ratio():
    train = cloud(seed=1)
    copies = train + 1e-3 * cloud(seed=5)
    ratios = [memorization_ratio(train, cloud(), fake).value for fake in (copies, cloud(seed=6))]
    assert ratios[0] < 0.05 and ratios[1] == pytest.approx(1, abs=0.1)


def test_the_figure_has_the_nearest_training_images_below_the_generated_ones():
    random = np.random.default_rng(0)
    train_x = random.integers(0, 256, (60, 1, 8, 8), dtype=np.uint8)
    features = cloud(60)
    rows = random.permutation(60)[:30]
    x = train_x[rows] // 2
    distances = np.linspace(0, 1, 30)
    figure = nearest_figure(x, features[rows] * 1.0001, train_x, features)
    assert figure.shape == nearest_grid(x, distances, train_x[rows]).shape
    columns, cell = 22, 66
    for i in range(columns):
        tiles = [figure[r * cell : r * cell + 64, i * cell : i * cell + 64] for r in (0, 1)]
        np.testing.assert_array_equal(tiles[0], tiles[1] // 2)
