"""A part of the training images: stratified, nested, refused where there are not so many."""

import numpy as np
import pytest

from genbench.utils.errors import InputError
from genbench.utils.subset import training_rows

Y = np.repeat([0, 1, 2], [500, 300, 200])


@pytest.mark.parametrize("n", [2, 10, 100, 999, 1000])
def test_each_class_has_its_share_up_to_an_image_and_rows_are_in_order(n):
    rows = training_rows(Y, n, "digits")
    assert len(rows) == len(set(rows)) == n and (np.diff(rows) > 0).all()
    shares = np.array([0.5, 0.3, 0.2]) * n
    assert (abs(np.bincount(Y[rows], minlength=3) - shares) <= 1).all()


def test_the_images_of_a_smaller_part_are_among_those_of_a_larger():
    parts = [set(training_rows(Y, n, "digits")) for n in (10, 50, 333, 1000)]
    assert all(a < b for a, b in zip(parts, parts[1:], strict=False))
    assert parts[1] != set(training_rows(Y, 50, "mnist")) and parts[1] != set(range(50))


def test_more_than_there_are_is_an_error_that_names_the_key():
    with pytest.raises(
        InputError, match=r"split.train: digits has 1,000 training images, got 1,001"
    ):
        training_rows(Y, 1001, "digits")
