import numpy as np
import pytest
import torch

from genbench.latent import figures


class Flat:
    """Stands for a model: a latent is the grey value of the whole image."""

    latent_dim, device, conditional = 1, torch.device("cpu"), False

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
    shown = tiles(figures.reconstructions(Flat(), *images(n)))
    assert shown.shape == (2 * rows, columns)
    assert np.array_equal(shown[::2].ravel(), np.arange(rows * columns))
    assert np.array_equal(shown[1::2], shown[::2])


@pytest.mark.parametrize("n, pairs", [(100, 6), (12, 6), (7, 3)])
def test_interpolations_go_from_one_end_of_a_pair_to_the_other(n, pairs):
    x, codes, _ = images(n)
    y = np.arange(n)
    for picture in figures.interpolations(Flat(), codes, y, None).values():
        shown = tiles(picture)
        assert shown.shape == (pairs, figures.STEPS)
        assert shown[:, 0].tolist() == list(range(0, 2 * pairs, 2))
        assert shown[:, -1].tolist() == list(range(1, 2 * pairs, 2))


def test_the_images_at_the_ends_of_a_walk_stand_beside_it():
    x, codes, _ = images(4)
    shown = tiles(
        figures.interpolations(Flat(), codes, np.arange(4), 255 - x)["interpolation_lerp"]
    )
    assert shown.shape == (2, figures.STEPS + 2)
    assert shown[:, 0].tolist() == [255, 253] and shown[:, -1].tolist() == [254, 252]


def test_walks_go_across_classes_and_stay_in_one_where_the_label_decides():
    _, codes, _ = images(9)
    y = np.array([0, 0, 1, 0, 1, 1, 2, 2, 0])
    shown = tiles(figures.interpolations(Flat(), codes, y, None)["interpolation_lerp"])
    assert (y[shown[:, 0]] != y[shown[:, -1]]).all() and len(shown) == 4
    model = Flat()
    model.conditional = True
    shown = tiles(figures.interpolations(model, codes, y, None)["interpolation_lerp"])
    assert (y[shown[:, 0]] == y[shown[:, -1]]).all() and len(shown) == 4
    assert len(set(shown[:, [0, -1]].ravel().tolist())) == 8


class Pair(Flat):
    """Two latents: the grey values of the upper and the lower half; a label adds nothing."""

    latent_dim = 2

    def decode(self, z, y):
        halves = (z / 4).clamp(-1, 1).reshape(-1, 1, 2, 1, 1).expand(-1, 1, 2, 4, 8)
        return halves.reshape(-1, 1, 8, 8)


def halves(picture):
    return picture[16::66, 32::66, 0].astype(int), picture[48::66, 32::66, 0].astype(int)


def test_traversals_move_the_part_along_an_axis_and_nothing_else():
    axes = np.array([[0, 1], [0.8, 0.6]], np.float32)
    upper, lower = halves(figures.traversals(Pair(), np.array([1, 2], np.float32), 0, axes))
    steps = np.linspace(-3, 3, figures.STEPS)
    grey = lambda z: np.rint((z / 4 + 1) * 127.5)  # noqa: E731
    assert np.abs(upper[0] - grey(1.0)).max() <= 1 and np.abs(lower[0] - grey(steps)).max() <= 1
    rest = np.array([1, 2]) - 2 * np.array([0.8, 0.6])
    assert np.abs(upper[1] - grey(rest[0] + 0.8 * steps)).max() <= 1
    assert np.abs(lower[1] - grey(rest[1] + 0.6 * steps)).max() <= 1


def test_a_neighbourhood_starts_at_the_code_and_keeps_to_its_radius():
    upper, lower = halves(figures.local_perturbations(Pair(), np.zeros(2, np.float32), 0, seed=1))
    assert upper.shape == (len(figures.RADII), figures.STEPS)
    assert (upper[:, 0] == lower[0, 0]).all()
    away = np.hypot(upper - 127.5, lower - 127.5)[:, 1:] / 127.5 * 4
    np.testing.assert_allclose(away, np.repeat([figures.RADII], 10, 0).T, atol=0.05)


def test_codes_moved_to_a_class_stand_in_its_column():
    x, codes, _ = images(6)
    moved = codes[:, None] + np.array([0, 0.1, 0.2], np.float32)[:, None]
    shown = tiles(figures.class_shifts(Flat(), x, np.array([2, 0, 1, 0, 1, 2]), moved)).astype(int)
    assert shown[:, 0].tolist() == [1, 2, 0]
    assert np.abs(shown[:, 1:] - shown[:, :1] - [0, 12.75, 25.5]).max() <= 1


def test_a_column_of_classes_is_one_latent():
    class Labelled(Flat):
        def decode(self, z, y):
            return super().decode(z / 9 + y[:, None] / 4, y)

    shown = tiles(figures.class_grid(Labelled(), 3, seed=0)).astype(int)
    assert shown.shape == (3, figures.STEPS)
    assert np.abs(np.diff(shown, axis=0) - 127.5 / 4).max() <= 1
