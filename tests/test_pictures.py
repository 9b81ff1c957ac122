import numpy as np
import pytest
import torch

from genbench import pictures


class Flat:
    """Stands for a model: a latent is the grey value of the whole image."""

    latent_dim, device = 1, torch.device("cpu")

    def decode(self, z, y):
        return z.reshape(-1, 1, 1, 1).clamp(-1, 1).expand(-1, 1, 8, 8)


def images(n):
    x = np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1) * np.ones((1, 1, 8, 8), np.uint8)
    return x, (x[:, 0, 0, :1] / 127.5 - 1).astype(np.float32), np.zeros(n, np.int64)


def tiles(picture):
    """The grey value of every tile of a grid: 8x8 images are shown at 64 pixels, 2 between."""
    return picture[32::66, 32::66, 0]


@pytest.mark.parametrize("n, rows, columns", [(100, 2, 11), (22, 2, 11), (15, 1, 11), (7, 1, 7)])
def test_reconstructions_stand_below_their_originals(n, rows, columns):
    shown = tiles(pictures.reconstructions(Flat(), *images(n)))
    assert shown.shape == (2 * rows, columns)
    assert np.array_equal(shown[::2].ravel(), np.arange(rows * columns))
    assert np.array_equal(shown[1::2], shown[::2])


@pytest.mark.parametrize("n, pairs", [(100, 6), (12, 6), (7, 3)])
def test_interpolations_go_from_one_end_of_a_pair_to_the_other(n, pairs):
    x, codes, y = images(n)
    for picture in pictures.interpolations(Flat(), codes, y).values():
        shown = tiles(picture)
        assert shown.shape == (pairs, pictures.STEPS)
        assert shown[:, 0].tolist() == list(range(pairs))
        assert shown[:, -1].tolist() == list(range(pairs, 2 * pairs))


def test_traversals_keep_to_the_latents_there_are():
    _, codes, y = images(5)
    shown = tiles(pictures.traversals(Flat(), codes, y))
    assert shown.shape == (1, pictures.STEPS) and (np.diff(shown[0].astype(int)) >= 0).all()
