"""Planted truths are what they are said to be."""

import numpy as np
import pytest

from genbench.evaluation.planted import (
    MAX_IMAGES,
    SHARES_OF_COPIES,
    blur,
    copies,
    planted_samples,
    split_test_images,
)

N = 60


@pytest.fixture(scope="module")
def sets():
    """Every unseen image has its number as gray level, training images have 200 and more."""
    x = np.arange(N, dtype=np.uint8)[:, None, None, None].repeat(16, 3).reshape(N, 1, 4, 4)
    train = 200 + x[:40]
    return dict(planted_samples(x, np.arange(N) % 4 % 3, train, seed=1))


def levels(x):
    return x[:, 0, 0, 0]


def test_so_many_percent_are_training_images_and_the_others_unseen(sets):
    for percent in SHARES_OF_COPIES:
        gray = levels(sets[copies(percent)])
        n = min(N * percent // 100, 40)
        assert len(gray) == N and (gray >= 200).sum() == n
        assert len({*gray}) == N
    assert np.array_equal(levels(sets["held_out"]), np.arange(N))


def test_the_commonest_class_is_left_out(sets):
    gray = levels(sets["without_class"])
    assert np.array_equal(gray, [i for i in range(N) if i % 4 % 3 != 0])


def test_half_of_the_images_stand_twice_and_two_halves_share_none(sets):
    counts = np.unique(levels(sets["duplicated"]), return_counts=True)[1]
    assert len(sets["duplicated"]) == N and (counts == 2).sum() * 2 == N / 2
    first, second = (levels(sets[f"{name}_half"]) for name in ("first", "second"))
    assert len(first) == len(second) == N / 2 and not {*first} & {*second}


def test_images_of_one_class_have_no_set_without_it():
    x = np.zeros((8, 1, 4, 4), np.uint8)
    names = [name for name, _ in planted_samples(x, np.zeros(8, int), x, seed=0)]
    assert "without_class" not in names and len(names) == 8


def test_blurred_pixels_are_half_way_to_the_mean_around_them():
    x = np.random.default_rng(0).integers(0, 256, (3, 3, 5, 5), dtype=np.uint8)
    got = blur(x)
    inner = x[1, 2, 1:4, 1:4].astype(float)
    assert abs(got[1, 2, 2, 2] - (inner[1, 1] + inner.mean()) / 2) <= 0.5
    corner = x[0, 1, :2, :2].astype(float)
    assert abs(got[0, 1, 0, 0] - (corner[0, 0] + corner.mean()) / 2) <= 0.5
    flat = np.full((1, 1, 5, 5), 77, np.uint8)
    assert np.array_equal(blur(flat), flat)


@pytest.mark.parametrize("n", [30, 31, 3 * MAX_IMAGES])
def test_halves_of_the_test_images_are_drawn_by_the_seed_and_share_none(n):
    split = split_test_images(n, 0)
    size = min(n // 2, MAX_IMAGES)
    assert len(split.generated) == len(split.real) == size
    assert len({*split.generated, *split.real}) == 2 * size
    assert not np.array_equal(split.real, split_test_images(n, 1).real)
