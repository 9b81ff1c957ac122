import numpy as np
import pytest
import torch

from genbench.latent import geometry
from genbench.models.base import sampling
from genbench.utils import seeds

T = np.linspace(0, 1, 5)


class Pixels:
    """Stands for a model: a latent is the image's four pixels."""

    latent_dim, device = 4, torch.device("cpu")

    def decode(self, z, y):
        return z.reshape(-1, 1, 2, 2).clamp(-1, 1)

    def encode(self, x, y):
        return x.flatten(1)

    conditional = True

    def scores(self, x, y):
        return {"negative_elbo": x.flatten(1).sum(1) + y}


def points(n=6, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def test_images_come_back_from_their_codes():
    x = np.random.default_rng(0).integers(0, 256, (7, 1, 2, 2), dtype=np.uint8)
    codes = sampling.encode(Pixels(), x, np.zeros(7), batch_size=3)
    assert np.array_equal(sampling.decode(Pixels(), codes, np.zeros(7)), x)


def test_bounds_come_one_per_image_for_any_batch_size():
    x = np.full((7, 1, 2, 2), 255, np.uint8)
    log_shares = torch.tensor([0.25, 0.75]).log()
    got = sampling.negative_elbo(Pixels(), x, log_shares, batch_size=3)
    assert got == pytest.approx(4 - np.log(0.25 + 0.75 * np.exp(-1)), rel=1e-6)


def test_without_an_encoder_or_a_bound_the_result_is_none():
    model = Pixels()
    model.encode = lambda x, y: None
    model.scores = lambda x, y: {"discriminator": x.flatten(1).sum(1)}
    x, y = np.zeros((7, 1, 2, 2), np.uint8), np.zeros(7)
    assert sampling.encode(model, x, y) is None
    assert sampling.negative_elbo(model, x, torch.zeros(1)) is None


def test_samples_do_not_depend_on_how_many_are_drawn():
    few, many = (sampling.sample(Pixels(), n, np.arange(60) % 3, seed=5) for n in (10, 64))
    assert all(np.array_equal(few[k], many[k][:10]) for k in ("x", "y", "z"))
    assert few["y"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_labels_of_pictures_cycle_through_the_classes():
    assert sampling.labels(5, 3).tolist() == [0, 1, 2, 0, 1]


def test_labels_have_the_shares_of_the_training_images_at_every_length():
    y = np.repeat([0, 1, 3], [60, 30, 10])
    labels = sampling.proportional_labels(1000, y)
    for n in (10, 100, 333, 1000):
        counts = np.bincount(labels[:n], minlength=4)
        assert np.abs(counts - n * np.array([0.6, 0.3, 0, 0.1])).max() <= 1
    of_two = np.cumsum(sampling.proportional_labels(50, np.repeat([0, 1], [23, 77])))
    assert np.abs(of_two - 0.77 * np.arange(1, 51)).max() <= 0.5  # the nearest whole number


class Labelled(Pixels):
    """Its last pixel is the label, and codes have the label added."""

    def decode(self, z, y):
        return torch.cat([z[:, :3], y[:, None] / 100], 1).reshape(-1, 1, 2, 2).clamp(-1, 1)

    def encode(self, x, y):
        return x.flatten(1) + y[:, None]


def test_samples_are_the_stored_latents_and_labels_decoded():
    got = sampling.sample(Labelled(), 250, np.arange(70) % 7, seed=5)
    assert np.array_equal(got["z"], seeds.sample_latents(250, 4, 5))
    assert not np.array_equal(got["z"], seeds.sample_latents(250, 4, 0))
    assert np.array_equal(got["y"], np.arange(250) % 7)
    images = np.concatenate([got["z"][:, :3], got["y"][:, None] / 100], 1).clip(-1, 1)
    want = np.round((images + 1) * 127.5).reshape(-1, 1, 2, 2)
    assert np.abs(got["x"] - want).max() <= 1 and (got["x"] == want).mean() > 0.99


def test_codes_are_of_images_in_minus_1_to_1_with_their_own_labels():
    x = np.random.default_rng(0).integers(0, 256, (7, 1, 2, 2), dtype=np.uint8)
    want = x.reshape(7, 4) / 127.5 - 1 + np.arange(7)[:, None]
    got = sampling.encode(Labelled(), x, np.arange(7), batch_size=3)
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_the_grid_has_the_first_100_images_ten_in_a_row():
    x = np.arange(120, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 8, 8), np.uint8)
    picture = sampling.sample_grid(x)
    side = len(picture) // 10 + 1
    tiles = picture[side // 2 :: side, side // 2 :: side, 0]
    assert np.array_equal(tiles, np.arange(100).reshape(10, 10))


@pytest.mark.parametrize("walk", [geometry.lerp, geometry.slerp])
def test_a_walk_starts_and_ends_at_its_ends(walk):
    a, b = points(seed=1), points(seed=2)
    path = walk(a, b, T)
    assert path.shape == (6, 5, 4)
    np.testing.assert_allclose(path[:, 0], a, atol=1e-6)
    np.testing.assert_allclose(path[:, -1], b, atol=1e-6)


def test_slerp_keeps_the_norm_and_turns_evenly():
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (points(seed=1), points(seed=2)))
    path = geometry.slerp(a, b, T)
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), 1, rtol=1e-5)
    cosines = (path[:, 1:] * path[:, :-1]).sum(-1)
    np.testing.assert_allclose(cosines, cosines[:, :1].repeat(4, 1), rtol=1e-4)


def test_slerp_of_parallel_vectors_is_lerp():
    a = points()
    np.testing.assert_allclose(geometry.slerp(a, 3 * a, T), geometry.lerp(a, 3 * a, T), rtol=1e-5)
    assert not np.isnan(geometry.slerp(np.zeros_like(a), a, T)).any()


@pytest.mark.parametrize("walk", [geometry.lerp, geometry.slerp])
def test_each_pair_may_have_places_of_its_own(walk):
    a, b = points(seed=1), points(seed=2)
    each = np.random.default_rng(0).random((6, 3))
    want = np.stack([walk(a[i : i + 1], b[i : i + 1], each[i])[0] for i in range(6)])
    np.testing.assert_allclose(walk(a, b, each), want, rtol=1e-5)


def test_streams_of_random_numbers_are_apart_and_repeatable():
    assert seeds.derive_seed(0, "a", "b") == seeds.derive_seed(0, "a", "b")
    names = [("a",), ("b",), ("a", "b"), ("b", "a"), ("ab",)]
    assert len({seeds.derive_seed(s, *n) for s in (0, 1) for n in names}) == 10
