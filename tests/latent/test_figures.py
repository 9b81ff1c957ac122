import numpy as np
import pytest
import torch

from genbench.latent import figures


class FlatModel:
    """A model whose latent is the gray level of the whole image."""

    latent_dim, device, conditional = 1, torch.device("cpu"), False

    def decode(self, z, y):
        return z.reshape(-1, 1, 1, 1).clamp(-1, 1).expand(-1, 1, 8, 8)


def images(n):
    x = np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1) * np.ones((1, 1, 8, 8), np.uint8)
    return x, (x[:, 0, 0, :1] / 127.5 - 1).astype(np.float32), np.zeros(n, np.int64)


def tiles(picture):
    """The gray level of every tile of a grid: 8x8 images are enlarged to 64 pixels, 2 between."""
    return picture[32::66, 32::66, 0]


@pytest.mark.parametrize("n, rows, columns", [(100, 2, 11), (22, 2, 11), (15, 1, 11), (7, 1, 7)])
def test_reconstructions_are_below_their_originals(n, rows, columns):
    levels = tiles(figures.reconstructions(FlatModel(), *images(n)))
    assert levels.shape == (2 * rows, columns)
    assert np.array_equal(levels[::2].ravel(), np.arange(rows * columns))
    assert np.array_equal(levels[1::2], levels[::2])


@pytest.mark.parametrize("n, pairs", [(100, 6), (12, 6), (7, 3)])
def test_interpolations_go_from_one_end_of_a_pair_to_the_other(n, pairs):
    x, codes, _ = images(n)
    y = np.arange(n)
    for picture in figures.interpolations(FlatModel(), codes, y, None).values():
        levels = tiles(picture)
        assert levels.shape == (pairs, figures.N_COLUMNS)
        assert levels[:, 0].tolist() == list(range(0, 2 * pairs, 2))
        assert levels[:, -1].tolist() == list(range(1, 2 * pairs, 2))


def test_the_images_at_the_ends_of_an_interpolation_are_beside_it():
    x, codes, _ = images(4)
    levels = tiles(
        figures.interpolations(FlatModel(), codes, np.arange(4), 255 - x)["interpolation_lerp"]
    )
    assert levels.shape == (2, figures.N_COLUMNS + 2)
    assert levels[:, 0].tolist() == [255, 253] and levels[:, -1].tolist() == [254, 252]


def test_interpolations_cross_classes_but_stay_in_one_for_a_conditional_model():
    _, codes, _ = images(9)
    y = np.array([0, 0, 1, 0, 1, 1, 2, 2, 0])
    levels = tiles(figures.interpolations(FlatModel(), codes, y, None)["interpolation_lerp"])
    assert (y[levels[:, 0]] != y[levels[:, -1]]).all() and len(levels) == 4
    model = FlatModel()
    model.conditional = True
    levels = tiles(figures.interpolations(model, codes, y, None)["interpolation_lerp"])
    assert (y[levels[:, 0]] == y[levels[:, -1]]).all() and len(levels) == 4
    assert len(set(levels[:, [0, -1]].ravel().tolist())) == 8


class TwoHalves(FlatModel):
    """Two latents: the gray levels of the upper and the lower half; labels are ignored."""

    latent_dim = 2

    def decode(self, z, y):
        halves = (z / 4).clamp(-1, 1).reshape(-1, 1, 2, 1, 1).expand(-1, 1, 2, 4, 8)
        return halves.reshape(-1, 1, 8, 8)


def halves(picture):
    return picture[16::66, 32::66, 0].astype(int), picture[48::66, 32::66, 0].astype(int)


def test_traversals_move_the_component_along_a_direction_and_nothing_else():
    directions = np.array([[0, 1], [0.8, 0.6]], np.float32)
    upper, lower = halves(
        figures.traversals(TwoHalves(), np.array([1, 2], np.float32), 0, directions)
    )
    steps = np.linspace(-3, 3, figures.N_COLUMNS)
    gray = lambda z: np.rint((z / 4 + 1) * 127.5)  # noqa: E731
    assert np.abs(upper[0] - gray(1.0)).max() <= 1 and np.abs(lower[0] - gray(steps)).max() <= 1
    orthogonal = np.array([1, 2]) - 2 * np.array([0.8, 0.6])
    assert np.abs(upper[1] - gray(orthogonal[0] + 0.8 * steps)).max() <= 1
    assert np.abs(lower[1] - gray(orthogonal[1] + 0.6 * steps)).max() <= 1


def test_local_perturbations_start_at_the_code_and_keep_to_their_radius():
    upper, lower = halves(
        figures.local_perturbations(TwoHalves(), np.zeros(2, np.float32), 0, seed=1)
    )
    assert upper.shape == (len(figures.RADII), figures.N_COLUMNS)
    assert (upper[:, 0] == lower[0, 0]).all()
    distances = np.hypot(upper - 127.5, lower - 127.5)[:, 1:] / 127.5 * 4
    np.testing.assert_allclose(distances, np.repeat([figures.RADII], 10, 0).T, atol=0.05)


def test_codes_shifted_to_a_class_are_in_its_column():
    x, codes, _ = images(6)
    shifted = codes[:, None] + np.array([0, 0.1, 0.2], np.float32)[:, None]
    levels = tiles(
        figures.class_shifts(FlatModel(), x, np.array([2, 0, 1, 0, 1, 2]), shifted)
    ).astype(int)
    assert levels[:, 0].tolist() == [1, 2, 0]
    assert np.abs(levels[:, 1:] - levels[:, :1] - [0, 12.75, 25.5]).max() <= 1


def test_a_column_of_the_class_grid_is_one_latent():
    class Labelled(FlatModel):
        def decode(self, z, y):
            return super().decode(z / 9 + y[:, None] / 4, y)

    levels = tiles(figures.class_grid(Labelled(), 3, seed=0)).astype(int)
    assert levels.shape == (3, figures.N_COLUMNS)
    assert np.abs(np.diff(levels, axis=0) - 127.5 / 4).max() <= 1
