"""Copies are named with what shows them, and nobody else is accused."""

from dataclasses import replace

import pytest
from scipy.stats import norm
from variants import sure, with_metrics, with_values

from genbench.report.findings.copying import copying_findings, is_copying, p_of_copying
from genbench.utils.record import Estimate


@pytest.mark.parametrize(
    "z, near, copies",
    [
        (0.0, (0.005, 0.01, 0.02), False),
        (-2.3, (0.005, 0.01, 0.02), False),
        (-2.3, (0.012, 0.02, 0.03), False),
        (-2.4, (0.012, 0.02, 0.03), True),
        (-20.0, (0.0, 0.005, 0.01), False),  # as of the mean image: near to many, a copy of none
        (-20.0, (None, 0.08, None), False),
        (2.4, (0.005, 0.01, 0.02), False),
        (5.0, (0.051, 0.08, 0.1), True),  # some copies among images unlike the training images
        (5.0, (0.049, 0.08, 0.1), False),
        (5.0, (None, 0.08, None), False),
    ],
)
def test_images_are_copies_if_all_together_or_many_of_them_are_near(results, z, near, copies):
    low, share, high = near
    estimate = Estimate(value=share, low=low, high=high)
    quality = results.models[0].quality
    metrics = quality.metrics | {"copying_z": Estimate(value=z), "near_copies": estimate}
    assert is_copying(quality.model_copy(update={"metrics": metrics})) == copies


@pytest.mark.parametrize("z", [-18.4, -2.326348, 0.0, 1.2, 23.0])
def test_the_probability_is_that_of_a_normal_variable_below_the_score(results, z):
    quality = with_values(results.models[0].quality, copying_z=z)
    assert p_of_copying(quality) == pytest.approx(norm.cdf(z), rel=1e-9)


def test_a_model_that_copies_is_named_with_its_share_and_probability(results):
    copier = with_metrics(results.models[1], copying_z=-7.0, near_copies=sure(0.125, 0.01))
    found = replace(results, models=[results.models[0], copier, *results.models[2:]])
    assert copying_findings(found) == [
        f"Copied training images: dcgan (12.5% near copies, p = {norm.cdf(-7.0):.0e})."
    ]


def test_where_nobody_copies_that_is_said(results):
    assert copying_findings(results) == [
        "No model's images are copies of training images, more than real test images are."
    ]
