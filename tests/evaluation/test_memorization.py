"""Copies of training images are seen by their distances, and the figure shows them."""

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu, norm

from genbench.evaluation.memorization import TrainingImages, copying
from genbench.evaluation.prdc import nearest_neighbor
from genbench.utils import files


def cloud(n=400, d=6, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d))).float()


def measured(fake, n_train=1500):
    """The verdict on generated images, with training and test images of one distribution."""
    train, test = cloud(n_train, seed=1), cloud(seed=2)
    distances, of_test = (nearest_neighbor(x, train)[0] for x in (fake, test))
    found = copying(distances, of_test)
    return found["copying_z"].value, found["near_copies"]


def with_copies(share, fake=None, seed=3):
    """Generated images, a share of which are training images."""
    fake = cloud(seed=seed) if fake is None else fake
    n = int(share * len(fake))
    return torch.cat([cloud(1500, seed=1)[100 : 100 + n], fake[n:]])


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_copies_are_seen_wherever_among_the_training_images_they_are_from(share):
    z, near = measured(with_copies(share))
    assert z < -2.33 and near.low > 0.05
    assert near.value == pytest.approx(share, abs=0.02)


def test_unseen_images_are_not_taken_for_copies():
    found = [measured(with_copies(0, seed=10 + s)) for s in range(40)]
    z = [z for z, _ in found]
    shared = 2**0.5  # all are compared with the same test images
    assert abs(np.mean(z)) < 3 * shared and np.std(z, ddof=1) == pytest.approx(1, abs=0.35)
    assert np.mean([near.value for _, near in found]) == pytest.approx(0.01, abs=0.01)


def test_copies_among_bad_images_are_near_copies_though_the_rank_test_is_blind():
    z, near = measured(with_copies(0.1, cloud(seed=3) + 4))
    assert z > 5 and near.value == pytest.approx(0.1)


@pytest.mark.parametrize("n_leaked", [4, 40, 200])
def test_test_images_that_are_training_images_too_hide_no_copies(n_leaked):
    train, test, fake = cloud(1500, seed=1), cloud(seed=2), with_copies(1.0)
    leaked = torch.cat([train[:n_leaked], test[n_leaked:]])
    distances, of_leaked, of_unseen = (
        nearest_neighbor(x, train)[0] for x in (fake, leaked, test[n_leaked:])
    )
    found = copying(distances, of_leaked)
    assert found["near_copies"].value == 1
    assert found == copying(distances, of_unseen)


def test_where_all_test_images_are_training_images_nothing_is_a_copy():
    found = copying(torch.zeros(30), torch.zeros(50))
    assert found["copying_z"].value == 0 and found["near_copies"].value == 0


def test_the_z_score_is_that_of_mann_and_whitney():
    distances, test = cloud(70, 1, 1).abs()[:, 0], cloud(90, 1, 2).abs()[:, 0]
    p = mannwhitneyu(distances, test, alternative="less", use_continuity=False).pvalue
    assert copying(distances, test)["copying_z"].value == pytest.approx(norm.ppf(p), rel=1e-6)
    ties = copying(torch.ones(30), torch.ones(50))
    assert ties["copying_z"].value == 0 and ties["near_copies"].value == 0


def test_training_images_are_read_from_the_file_of_the_reference(tmp_path):
    arrays = {"train": cloud(5).numpy(), "test": cloud(4).numpy()}
    files.save_npz(tmp_path / "f.npz", **arrays, test_distances=np.arange(4.0))
    training = TrainingImages.load(tmp_path / "f.npz")
    assert torch.equal(training.features, cloud(5))
    assert training.test_distances.tolist() == [0, 1, 2, 3]
