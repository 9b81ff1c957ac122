"""Whether images are copies of training images, in sentences."""

from math import erfc, sqrt

from ...evaluation.results import Quality
from ...results.run import DatasetResults
from ..formatting import join_words, probability

COPYING_Z = -2.326
"""The rank test's z-score of which unseen real images have a lower one in 1 % of cases."""
NEAR_COPIES = 0.05
"""More near copies than this are no chance: of unseen real images, 0.01 are."""


def is_copying(quality: Quality) -> bool:
    """Whether its images are nearer to training images than unseen ones, all together or many."""
    near = quality.metrics["near_copies"]
    return quality.metrics["copying_z"].value < COPYING_Z or (near.low or 0) > NEAR_COPIES


def p_of_copying(quality: Quality) -> float:
    """The one-sided p-value of the rank test: the chance of images so near if nothing is copied."""
    return erfc(-quality.metrics["copying_z"].value / sqrt(2)) / 2


def describe_copying(quality: Quality) -> str:
    """What the verdict rests on."""
    share = quality.metrics["near_copies"].value
    return f"{share:.1%} near copies, p = {probability(p_of_copying(quality))}"


def copying_findings(results: DatasetResults) -> list[str]:
    """Models whose images are nearer to training images than test images are."""
    names = [
        f"{result.model} ({describe_copying(result.quality)})"
        for result in results.ranked()
        if is_copying(result.quality)
    ]
    if not names:
        return ["No model's images are nearer to training images than real test images are."]
    return [f"Copied training images: {join_words(names)}."]
