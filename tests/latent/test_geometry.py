import numpy as np
import pytest
import torch

from genbench.latent import geometry


class LinearModel:
    """A model whose image is linear in its latents: pixels = W z, in double precision."""

    device = torch.device("cpu")

    def __init__(self, w):
        self.w = torch.as_tensor(w, dtype=torch.float64)
        self.latent_dim = self.w.shape[1]

    def decode(self, z, y):
        return (z.double() @ self.w.T).reshape(-1, 1, 2, 2)


class PixelClassifier(torch.nn.Module):
    """A classifier whose features are the pixels."""

    def forward(self, x):
        return x.flatten(1), None


def test_principal_directions_of_a_linear_model_are_its_singular_vectors():
    w = np.random.default_rng(1).normal(size=(4, 3))
    shares, directions = geometry.principal_directions(LinearModel(w), 50, 1, seed=0)
    _, s, vt = np.linalg.svd(w)
    np.testing.assert_allclose(shares, s**2 / (s**2).sum(), rtol=1e-3)
    np.testing.assert_allclose(np.abs((directions * vt).sum(1)), 1, atol=1e-4)
    np.testing.assert_allclose(directions @ directions.T, np.eye(3), atol=1e-12)


def test_path_length_of_a_linear_model_is_the_speed_on_the_arc():
    """For pixels = c z, the squared speed is c^2 |dz/dt|^2, and |dz/dt| of an arc is known."""
    real = np.random.default_rng(0).normal(size=(500, 4)) * 2
    got = geometry.perceptual_path_lengths(
        LinearModel(3 * np.eye(4)), PixelClassifier(), real, 40, 1, seed=5
    )
    start, end = np.random.default_rng(5).standard_normal((80, 4)).reshape(2, 40, 4)
    t = np.random.default_rng(5).random((40, 1))
    a, b = (np.linalg.norm(v, axis=1, keepdims=True) for v in (start, end))
    angle = np.arccos((start * end).sum(1, keepdims=True) / (a * b))
    slope = angle * (np.cos(t * angle) * end - np.cos((1 - t) * angle) * start) / np.sin(angle)
    want = 9 * (slope**2).sum(1) / (2 * real.var(0, ddof=1).sum())
    np.testing.assert_allclose(got, want, rtol=0.02)


class ByLabel(LinearModel):
    """Pixels = (1 + y) W z + 10 y, in a pixel that no other label has."""

    def decode(self, z, y):
        pixels = (z.double() @ self.w.T) * (1 + y[:, None])
        return (pixels + 10 * torch.nn.functional.one_hot(y, 4)).reshape(-1, 1, 2, 2)


def test_both_ends_of_a_path_have_one_label_and_labels_take_turns():
    """The squared speed is that of the unconditional model times (1 + y)^2."""
    w, real = np.random.default_rng(1).normal(size=(4, 4)), np.eye(4)
    plain, by_label = (
        geometry.perceptual_path_lengths(model(w), PixelClassifier(), real, 40, 3, seed=5)
        for model in (LinearModel, ByLabel)
    )
    np.testing.assert_allclose(by_label, plain * (1 + np.arange(40) % 3) ** 2, rtol=1e-4)


def test_directions_of_a_conditional_model_are_those_of_all_its_classes():
    class Turned(LinearModel):
        def decode(self, z, y):
            return (z.double() * (1 + 3 * (y[:, None] == torch.arange(3)))).reshape(-1, 1, 1, 3)

    shares, _ = geometry.principal_directions(Turned(np.eye(3)), 30, 2, seed=0)
    np.testing.assert_allclose(shares, np.array([17, 17, 2]) / 36, rtol=1e-3)


@pytest.mark.parametrize("angle", [0.01, 0.3, 1.5, 3.0])
def test_slerp_turns_evenly_and_lerp_keeps_to_the_chord(angle):
    a, b = np.array([[1.0, 0.0]]), np.array([[np.cos(angle), np.sin(angle)]])
    t = np.linspace(0, 1, 5)
    arc = np.stack([np.cos(t * angle), np.sin(t * angle)], 1)
    np.testing.assert_allclose(geometry.slerp(a, b, t)[0], arc, atol=1e-9)
    np.testing.assert_allclose(geometry.slerp(2 * a, 2 * b, t)[0], 2 * arc, atol=1e-9)
    np.testing.assert_allclose(geometry.lerp(a, b, t)[0], a + t[:, None] * (b - a), atol=1e-12)
    np.testing.assert_array_equal(geometry.slerp(a, a, t)[0], np.repeat(a, 5, 0))


def test_a_model_that_generates_one_image_has_paths_of_length_0():
    got = geometry.perceptual_path_lengths(
        LinearModel(np.zeros((4, 2))), PixelClassifier(), np.eye(4), 10, 1, seed=0
    )
    assert got.tolist() == [0] * 10
    shares, _ = geometry.principal_directions(LinearModel(np.zeros((4, 2))), 10, 1, seed=0)
    assert shares.tolist() == [0, 0]


def test_codes_shifted_to_a_class_have_its_mean_and_go_back():
    random = np.random.default_rng(0)
    codes, y = random.normal(size=(90, 5)).astype(np.float32), np.arange(90) % 3
    shifted = geometry.class_shift(codes, y, 4)
    assert shifted.shape == (90, 4, 5)
    for a in range(3):
        np.testing.assert_allclose(shifted[y == a, a], codes[y == a], atol=1e-6)
        for b in range(3):
            np.testing.assert_allclose(shifted[y == a, b].mean(0), codes[y == b].mean(0), atol=1e-5)
    np.testing.assert_array_equal(shifted[:, 3], codes)  # no image, no mean


def test_targets_are_all_other_classes_equally_often():
    y = np.repeat(np.arange(4), 30)
    targets = geometry.target_classes(y, 4)
    assert (targets != y).all()
    for label in range(4):
        assert np.bincount(targets[y == label], minlength=4).tolist() == [
            10 * (k != label) for k in range(4)
        ]
    assert geometry.target_classes(np.zeros(3, int), 1).tolist() == [0, 0, 0]
