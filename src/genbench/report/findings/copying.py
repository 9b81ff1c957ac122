"""Whether images are copies of training images, in sentences."""

from math import erfc, sqrt

from ...evaluation.results import Quality
from ...results.run import DatasetResults
from ..formatting import join_words, probability

COPYING_Z = -2.326
"""The rank test's z-score of which unseen real images have a lower one in 1 % of cases."""
NEAR_COPIES = 0.01
"""The share of near copies among unseen real images."""
MANY_NEAR_COPIES = 0.05
"""More near copies than this are no chance."""


def is_copying(quality: Quality) -> bool:
    """Whether its images are nearer to training images than unseen ones, all together or many.

    All together alone says nothing: the mean of all images, or what is like it, is near to many and
    a copy of none.
    """
    near = quality.metrics["near_copies"].low or 0
    is_nearer = quality.metrics["copying_z"].value < COPYING_Z
    return near > MANY_NEAR_COPIES or (is_nearer and near > NEAR_COPIES)


def p_of_copying(quality: Quality) -> float:
    """The one-sided p-value of the rank test: the chance of images so near if nothing is copied."""
    return erfc(-quality.metrics["copying_z"].value / sqrt(2)) / 2


def describe_copying(quality: Quality) -> str:
    """What the verdict rests on."""
    share = quality.metrics["near_copies"].value
    return f"{share:.1%} near copies, p = {probability(p_of_copying(quality))}"


def copying_findings(results: DatasetResults) -> list[str]:
    """Models whose images are near copies of training images more often than test images are."""
    names = [
        f"{result.model} ({describe_copying(result.quality)})"
        for result in results.ranked()
        if is_copying(result.quality)
    ]
    if not names:
        return ["No model's images are copies of training images, more than real test images are."]
    return [f"Copied training images: {join_words(names)}."]
