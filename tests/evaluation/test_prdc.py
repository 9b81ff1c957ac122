import numpy as np
import pytest
import torch

from genbench.evaluation import prdc
from genbench.evaluation.prdc import (
    knn_radii,
    manifold_membership,
    near_duplicates,
    nearest_neighbor,
)


def cloud(n, d=4, seed=0, shift=0.0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d)) + shift).float()


def told(real, fake):
    found = manifold_membership(real, fake, knn_radii(real), knn_radii(fake))
    return {k: v.float().mean().item() for k, v in found._asdict().items()}


def test_a_set_lies_wholly_within_itself():
    found = told(cloud(100), cloud(100))
    assert found["precise"] == found["recalled"] == found["covered"] == 1


def test_sets_far_apart_share_nothing():
    assert set(told(cloud(100), cloud(100, shift=50)).values()) == {0}


def test_one_real_mode_copied_is_precise_and_recalls_that_mode_only():
    real = torch.cat([cloud(60), cloud(40, seed=1, shift=50)])
    found = told(real, cloud(100, seed=2))
    assert found["precise"] > 0.8 and found["recalled"] == pytest.approx(0.6, abs=0.1)
    assert found["covered"] <= 0.601


def test_everything_agrees_with_its_definition(monkeypatch):
    monkeypatch.setattr(prdc, "CHUNK", 7)
    real, fake = cloud(40), cloud(30, seed=1, shift=0.5)

    def radius(of, i, k):
        return np.sort(np.linalg.norm(of - of[i], axis=1))[k]

    r, f = real.double().numpy(), fake.double().numpy()
    within = [[np.linalg.norm(y - x) <= radius(r, j, 3) for j, x in enumerate(r)] for y in f]
    recalled = [[np.linalg.norm(y - x) <= radius(f, j, 3) for j, x in enumerate(f)] for y in r]
    dense = np.array(
        [[np.linalg.norm(y - x) <= radius(r, j, 5) for j, x in enumerate(r)] for y in f]
    )
    found = manifold_membership(real, fake, knn_radii(real), knn_radii(fake))
    np.testing.assert_array_equal(found.precise, np.any(within, 1))
    np.testing.assert_array_equal(found.recalled, np.any(recalled, 1))
    np.testing.assert_allclose(found.density, dense.sum(1) / 5)
    np.testing.assert_array_equal(found.covered, dense.any(0))


def test_density_is_about_one_for_images_of_the_same_kind():
    assert told(cloud(2000), cloud(2000, seed=1))["density"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_sets_smaller_than_k_take_the_farthest_neighbour(n):
    found = knn_radii(cloud(n))
    assert torch.equal(found.k5, torch.cdist(cloud(n), cloud(n)).max(1).values)


def test_the_nearest_of_another_set_is_found():
    among = cloud(500)
    distances, which = nearest_neighbor(among[[3, 480]] + 1e-3, among)
    assert which.tolist() == [3, 480]
    np.testing.assert_allclose(distances, 2e-3, rtol=0.1)


def test_a_hundredth_of_real_images_has_a_twin_and_every_image_of_a_collapsed_model():
    real = knn_radii(cloud(1000))
    assert near_duplicates(real, real).float().mean().item() == pytest.approx(
        prdc.DUPLICATE_QUANTILE, abs=0.002
    )
    few = cloud(10, seed=1).repeat(100, 1) + 1e-4 * cloud(1000, seed=2)
    assert near_duplicates(real, knn_radii(few)).all()


def test_chunks_change_nothing(monkeypatch):
    real, fake = cloud(300), cloud(250, seed=1)
    whole = told(real, fake)
    monkeypatch.setattr(prdc, "CHUNK", 11)
    assert told(real, fake) == whole
