"""Nearest neighbors in feature space: definitions, limiting cases, chunks."""

import numpy as np
import pytest
import torch

from genbench.evaluation import prdc
from genbench.evaluation.prdc import (
    distinct_knn_radii,
    knn_radii,
    manifold_membership,
    near_duplicates,
    nearest_neighbor,
    neighbor_metrics,
)


def cloud(n, d=4, seed=0, shift=0.0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d)) + shift).float()


def prdc_metrics(real, fake):
    radii = distinct_knn_radii(real), knn_radii(fake)
    return neighbor_metrics(manifold_membership(real, fake, *radii), *radii)


def test_a_set_lies_in_its_own_manifold():
    metrics = prdc_metrics(cloud(100), cloud(100))
    assert metrics["precision"] == metrics["recall"] == metrics["coverage"] == 1


def test_all_metrics_of_distant_sets_are_zero():
    metrics = prdc_metrics(cloud(100), cloud(100, seed=1, shift=50))
    del metrics["duplicates"]  # of the generated set alone
    assert set(metrics.values()) == {0}


def test_one_of_two_modes_gives_precision_and_the_recall_of_that_mode():
    real = torch.cat([cloud(60), cloud(40, seed=1, shift=50)])
    metrics = prdc_metrics(real, cloud(100, seed=2))
    assert metrics["precision"] > 0.8 and metrics["recall"] == pytest.approx(0.6, abs=0.1)
    assert metrics["coverage"] <= 0.601


def test_membership_agrees_with_its_definition(monkeypatch):
    monkeypatch.setattr(prdc, "CHUNK", 7)
    real, fake = cloud(40), cloud(30, seed=1, shift=0.5)

    def radius(x, i, k):
        return np.sort(np.linalg.norm(x - x[i], axis=1))[k]

    r, f = real.double().numpy(), fake.double().numpy()
    in_real = [[np.linalg.norm(y - x) <= radius(r, j, 3) for j, x in enumerate(r)] for y in f]
    in_fake = [[np.linalg.norm(y - x) <= radius(f, j, 3) for j, x in enumerate(f)] for y in r]
    in_ball = np.array(
        [[np.linalg.norm(y - x) <= radius(r, j, 5) for j, x in enumerate(r)] for y in f]
    )
    membership = manifold_membership(real, fake, knn_radii(real), knn_radii(fake))
    np.testing.assert_array_equal(membership.in_real_manifold, np.any(in_real, 1))
    np.testing.assert_array_equal(membership.in_fake_manifold, np.any(in_fake, 1))
    np.testing.assert_allclose(membership.density, in_ball.sum(1) / 5)
    np.testing.assert_array_equal(membership.covered, in_ball.any(0))


def test_density_is_about_one_for_samples_of_one_distribution():
    assert prdc_metrics(cloud(2000), cloud(2000, seed=1))["density"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_sets_smaller_than_k_take_the_farthest_neighbor(n):
    radii = knn_radii(cloud(n))
    torch.testing.assert_close(radii.k5, torch.cdist(cloud(n), cloud(n)).max(1).values)


def test_the_nearest_neighbor_in_another_set_has_its_index_and_distance():
    others = cloud(500)
    distances, indices = nearest_neighbor(others[[3, 480]] + 1e-2, others)
    assert indices.tolist() == [3, 480]
    np.testing.assert_allclose(distances, 2e-2, rtol=0.1)


def test_a_hundredth_of_real_images_is_a_near_duplicate_and_every_image_of_a_collapsed_model():
    real = knn_radii(cloud(1000))
    assert near_duplicates(real, real).float().mean().item() == pytest.approx(
        prdc.DUPLICATE_QUANTILE, abs=0.002
    )
    collapsed = cloud(10, seed=1).repeat(100, 1) + 1e-4 * cloud(1000, seed=2)
    assert near_duplicates(real, knn_radii(collapsed)).all()


@pytest.mark.parametrize("n_copies", [0, 2, 4, 6, 10, 50, 250])
def test_every_image_of_a_collapsed_model_is_a_duplicate_whatever_real_images_repeat(n_copies):
    distinct = cloud(500 - n_copies, 128)
    real = torch.cat([distinct, distinct[:n_copies]])
    metrics = prdc_metrics(real, distinct[:1].repeat(500, 1))
    assert metrics["duplicates"] == 1 and metrics["recall"] <= 1 / len(distinct)


@pytest.mark.parametrize("times", [2, 3, 7])
def test_real_images_count_once_however_often_they_repeat(times):
    real = cloud(150, 128) + 3  # far from 0, where distances of copies are rounded most
    order = torch.from_numpy(np.random.default_rng(9).permutation(150 * times))
    fakes = cloud(150, 128, seed=1) + 3, real[:1].repeat(150, 1), real.flip(0)
    for fake in fakes:
        once = prdc_metrics(real, fake)
        assert prdc_metrics(real.repeat(times, 1)[order], fake) == once
    assert once["precision"] == once["recall"] == once["coverage"] == 1


@pytest.mark.parametrize("d", [4, 128, 2048])
def test_the_distance_from_a_copy_is_0_and_its_index_that_of_the_first(d):
    x = cloud(1500, d, shift=2)
    distances, indices = nearest_neighbor(x, x.repeat(2, 1))
    assert (distances == 0).all() and torch.equal(indices, torch.arange(1500))


def test_chunks_change_nothing(monkeypatch):
    real, fake = cloud(300), cloud(250, seed=1)
    at_once = prdc_metrics(real, fake)
    monkeypatch.setattr(prdc, "CHUNK", 11)
    assert prdc_metrics(real, fake) == at_once
