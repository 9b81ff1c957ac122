"""Columns that mean nothing here: where noise looks as good as real images."""

from collections.abc import Sequence

from ..evaluation.results import Reference
from ..results.metric import Metric
from .formatting import number

NEAR = 0.25
"""Of the larger of the two: floor and ceiling that differ by less are near."""


def with_caveats(metrics: Sequence[Metric], reference: Reference) -> list[Metric]:
    """The metrics, with the reason at those for which noise is as good as real images."""
    return [metric._replace(caveat=caveat(metric, reference)) for metric in metrics]


def caveat(metric: Metric, reference: Reference) -> str | None:
    """Why a metric cannot tell good from bad on this dataset; None if it can, or has no reference.

    It cannot if noise (the ceiling) is not worse than real images (the floor) by at least NEAR.
    """
    floor, ceiling = reference.floor.get(metric.key), reference.ceiling.get(metric.key)
    if floor is None or ceiling is None or not metric.better:
        return None
    gap = ceiling.value - floor.value if metric.better == "lower" else floor.value - ceiling.value
    if gap >= NEAR * max(abs(floor.value), abs(ceiling.value)) and gap > 0:
        return None
    return (
        f"It means nothing here: noise has {number(ceiling.value, 3)}, real images"
        f" {number(floor.value, 3)}."
    )
