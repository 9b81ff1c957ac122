"""Classes of generated images: coverage, entropy, shares with precision."""

import numpy as np
import pytest
import torch

from genbench.evaluation import classes


def predictions(*counts):
    return torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))


def test_classes_are_counted_with_their_entropy_and_precision():
    y = predictions(48, 1, 0, 51)
    alike = np.arange(4)
    assert classes.classes_covered(y, alike, 4).value == 2
    p = np.array([0.48, 0.01, 0.51])
    assert classes.class_entropy(y, 4).value == pytest.approx(-(p * np.log(p)).sum())
    shares = classes.class_shares(y, torch.arange(100) < 24, ["a", "b", "c", "d"])
    assert [row.name for row in shares] == ["a", "b", "c", "d"]
    assert (shares[0].share, shares[0].precision) == pytest.approx((0.48, 0.5))
    assert (shares[2].share, shares[2].precision) == (0.0, None)
    even = predictions(10, 10, 10, 10)
    assert classes.class_entropy(even, 4).value == pytest.approx(np.log(4))
    assert classes.classes_covered(even, alike, 4).value == 4


def test_a_class_is_covered_from_a_tenth_of_its_share():
    alike = np.arange(4)
    assert classes.classes_covered(predictions(480, 25, 24, 471), alike, 4).value == 3


def test_real_images_of_unequal_classes_cover_all_of_them():
    real = np.repeat(np.arange(10), (1000 * 0.6 ** np.arange(10)).astype(int))
    assert classes.classes_covered(torch.from_numpy(real), real, 10).value == 10
    without = torch.from_numpy(real[real != 9])
    assert classes.classes_covered(without, real, 10).value == 9
