"""A column that cannot tell noise from real images says so, and marks no model as best."""

import pytest

from genbench.evaluation.results import Protocol, Reference
from genbench.report.caveats import caveat, with_caveats
from genbench.results.metric import Metric
from genbench.utils.record import Estimate

PROTOCOL = Protocol(
    extractor="classifier", extractor_sha256="0", resize="none", n=1, split="test", seed=0
)


def reference(floor, ceiling, key="a"):
    """Real images and noise under one metric; None: it has none of them."""
    floor, ceiling = ({} if v is None else {key: Estimate(value=v)} for v in (floor, ceiling))
    return Reference(protocol=PROTOCOL, floor=floor, ceiling=ceiling)


@pytest.mark.parametrize(
    "better, floor, ceiling, tells",
    [
        ("lower", 2.1, 136.0, True),
        ("lower", 3.0, 4.0, True),
        ("lower", 3.01, 4.0, False),
        ("lower", 136.0, 2.1, False),
        ("lower", -0.66, 16.7, True),
        ("lower", -0.66, -0.6, False),
        ("lower", -4.0, -2.0, True),
        ("lower", 0.0, 0.0, False),
        ("higher", 0.896, 0.898, False),
        ("higher", 0.8, 0.6, True),
        ("higher", 0.8, 0.61, False),
        ("higher", 0.1, 0.9, False),
        ("higher", 0.976, 0.08, True),
        ("", 1.0, 1.0, True),
        ("lower", None, 1.0, True),
        ("lower", 1.0, None, True),
    ],
)
def test_a_metric_means_something_where_noise_is_worse_than_real_images_by_a_quarter(
    better, floor, ceiling, tells
):
    reason = caveat(Metric("a", "A", better), reference(floor, ceiling))
    assert (reason is None) == tells


def test_the_reason_has_both_numbers():
    reason = caveat(Metric("a", "A", "higher"), reference(0.8957, 0.8978))
    assert reason == "It means nothing here: noise has 0.898, real images 0.896."


def test_each_metric_gets_the_reason_of_its_own_and_stays_as_it_is_otherwise():
    metrics = [Metric("a", "A", "lower", "note"), Metric("b", "B", "lower")]
    first, second = with_caveats(metrics, reference(5.0, 5.0, key="b"))
    assert first == metrics[0] and second.caveat and second._replace(caveat=None) == metrics[1]
