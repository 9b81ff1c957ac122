"""Estimates with and without intervals."""

from genbench.utils.record import Estimate


def test_an_estimate_is_made_of_a_value_and_an_interval():
    assert Estimate.of(2, [1, 3]) == Estimate(value=2, low=1, high=3)
    assert Estimate.of(2) == Estimate(value=2, low=None, high=None)
