"""Estimates with and without intervals."""

import pytest

from genbench.utils.record import Estimate


@pytest.mark.parametrize(
    "one, other, above",
    [
        (Estimate(value=5, low=4, high=6), Estimate(value=2, low=1, high=3), True),
        (Estimate(value=5, low=4, high=6), Estimate(value=3, low=2, high=4), False),
        (Estimate(value=2, low=1, high=3), Estimate(value=5, low=4, high=6), False),
        (Estimate(value=5), Estimate(value=4), True),
        (Estimate(value=5), Estimate(value=4, low=3, high=5), False),
        (Estimate(value=4), Estimate(value=4), False),
    ],
)
def test_one_is_above_another_if_their_intervals_are_apart(one, other, above):
    assert one.is_above(other) == above


def test_an_estimate_is_made_of_a_value_and_an_interval():
    assert Estimate.of(2, [1, 3]) == Estimate(value=2, low=1, high=3)
    assert Estimate.of(2) == Estimate(value=2, low=None, high=None)
