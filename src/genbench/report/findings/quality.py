"""What the metrics of generated images show, in sentences."""

from ...results.run import DatasetResults, ModelResults
from ...utils.record import Estimate
from ..formatting import join_words, number

AT_FLOOR = 1.1
"""A FID within 10 % of the floor is not told from it."""
LOW_ACCURACY = 0.9
"""Below this test accuracy, the features of a classifier are no good measure."""
MEMORIZATION_RATIO = 0.8
"""Below this, images are nearer to training images than chance allows."""


def tied_ranks(ranked: list[ModelResults]) -> list[str]:
    """The ranks of results of one protocol, best first: 1, 2=, 2=, 4.

    A model is tied with the first one of a rank if their intervals of the FID overlap.
    """
    firsts: list[int] = []
    for i, result in enumerate(ranked):
        is_tied = i and not _fid(result).is_above(_fid(ranked[firsts[-1]]))
        firsts.append(firsts[-1] if is_tied else i)
    return [f"{first + 1}{'=' * (firsts.count(first) > 1)}" for first in firsts]


def ranking_findings(results: DatasetResults, seed: int) -> list[str]:
    """Which model is best, how far from real images, what is missing, how certain that is."""
    ranked, *others = results.by_protocol()
    lines = [_against_floor(ranked[0], results.reference.floor["fid"].value)]
    lines += [*_ties(ranked), *_rank_stability(ranked), *_last_and_disagreeing(ranked)]
    if others:
        names = join_words([result.model for group in others for result in group])
        lines.append(f"{names}: measured under another protocol, and so in a separate table.")
    lines += [_class_coverage(results), *_memorization(results)]
    lines += [
        f"Warning in the training of {result.model}: {line}."
        for result in results.ranked()
        for line in result.training.summary.alarms
    ]
    accuracy = results.classifier.test_accuracy
    if results.extractor == "classifier" and accuracy < LOW_ACCURACY:
        lines.append(
            f"The classifier behind FID, IS and KID has only {accuracy:.1%} accuracy on the test"
            " images: read these columns with care."
        )
    lines.append(
        f"One training per model (seed {seed}): small differences between rows may be chance."
    )
    return lines


def _fid(result: ModelResults) -> Estimate:
    return result.quality.metrics["fid"]


def _against_floor(best: ModelResults, floor: float) -> str:
    fid = _fid(best).value
    if fid <= AT_FLOOR * floor:
        return (
            f"{best.model} has the lowest FID, {number(fid)}, and is at the floor of"
            f" {number(floor)}: this metric no longer tells its images from real ones."
        )
    ratio = f", {number(fid / floor)} times the floor of {number(floor)}" if floor > 0 else ""
    return f"{best.model} has the lowest FID, {number(fid)}{ratio}."


def _ties(ranked: list[ModelResults]) -> list[str]:
    """Which models are tied."""
    tied: dict[str, list[str]] = {}
    for result, rank in zip(ranked, tied_ranks(ranked), strict=True):
        if rank.endswith("="):
            tied.setdefault(rank, []).append(result.model)
    return [f"{join_words(names)} are tied: their intervals overlap." for names in tied.values()]


def _rank_stability(ranked: list[ModelResults]) -> list[str]:
    """Whether other samples of the same models give the same order."""
    fids = [result.quality.sample_sets.get("fid", []) for result in ranked]
    n = len(fids[0])
    if len(ranked) < 2 or not n:
        return []
    orders = {
        tuple(sorted(range(len(ranked)), key=values.__getitem__))
        for values in zip(*fids, strict=True)
    }
    if len(orders) == 1:
        return [f"All {n} samples of each model give this order."]
    moved = {i for order in orders for rank, i in enumerate(order) if i != rank}
    names = join_words([ranked[i].model for i in sorted(moved)])
    return [f"The {n} samples of each model do not agree on the order of {names}."]


def _last_and_disagreeing(ranked: list[ModelResults]) -> list[str]:
    """Which model is worst, and whether KID has another best one."""
    best, worst = ranked[0], ranked[-1]
    if best is worst:
        return []
    lines = [f"{worst.model} has the highest FID, {number(_fid(worst).value)}."]
    best_by_kid = min(ranked, key=lambda result: result.quality.metrics["kid"].value)
    if best_by_kid is not best:
        lines.append(f"KID disagrees about the best model: it prefers {best_by_kid.model}.")
    return lines


def _class_coverage(results: DatasetResults) -> str:
    k = len(results.classes)
    covered = {r.model: r.quality.metrics["classes_covered"].value for r in results.models}
    missing = [f"{model} ({k - n:.0f} of {k})" for model, n in covered.items() if n < k]
    if missing:
        return f"Classes are missing or rare among the images of {join_words(missing)}."
    return f"Every model generates images of all {k} classes."


def _memorization(results: DatasetResults) -> list[str]:
    """Models whose images are much nearer to training images than to test images."""
    ratios = {r.model: r.quality.metrics["memorization_ratio"].value for r in results.ranked()}
    names = [
        f"{model} ({number(ratio, 2)})"
        for model, ratio in ratios.items()
        if ratio < MEMORIZATION_RATIO
    ]
    if not names:
        return []
    return [f"Nearer to training images than to test images, perhaps copied: {join_words(names)}."]
