"""What the metrics of generated images show, in sentences."""

from collections import Counter
from itertools import combinations

from ...evaluation.results import Reference
from ...params import Params
from ...results.metrics import FID, QUALITY
from ...results.model import ModelResults
from ...results.places import p_of_difference, told_apart
from ...results.run import DatasetResults
from ...results.trainings import LEVEL
from ...utils.record import Estimate
from ..caveats import caveat
from ..formatting import join_words, number
from .classical import classical_findings
from .controls import check_verdicts, contradictions
from .copying import copying_findings

(KID,) = (metric for metric in QUALITY if metric.key == "kid")
AT_FLOOR = 1.1
"""A FID within 10 % of the floor is not told from it."""
LOW_ACCURACY = 0.9
"""Below this test accuracy, the features of a classifier are no good measure."""


def ranking_findings(results: DatasetResults, params: Params) -> list[str]:
    """Which model is best, how far from real images, what is missing, how certain that is."""
    failed = [f"{failure.name} {failure}." for failure in results.failures]
    if not results.models:
        return [*failed, "No model was measured."]
    ranked, *others = results.by_protocol()
    checks = check_verdicts(results)
    holding = {verdict for verdict, check in checks.items() if check.holds}
    lines = failed + contradictions(checks)
    if reason := caveat(FID, results.reference):
        lines.append(f"No ranking by FID. {reason}")
    elif "ranking" in holding:
        lines += _order(results, ranked, holding)
    lines += [
        f"{result.model} is trained on the features that judge it (zoo.{result.model}.perceptual):"
        " its numbers in them flatter it."
        for result in results.ranked()
        if trained_on_its_judge(result, params)
    ]
    if others:
        names = join_words([result.model for group in others for result in group])
        lines.append(f"{names}: measured under another protocol, and so in a separate table.")
    lines += [_class_coverage(results)] if "classes" in holding else []
    lines += copying_findings(results) if "copying" in holding else []
    lines += [line for result in results.ranked() for line in warnings(result)]
    accuracy = results.classifier.test_accuracy
    if accuracy is not None and results.extractor == "classifier" and accuracy < LOW_ACCURACY:
        lines.append(
            f"The classifier behind FID, IS and KID has only {accuracy:.1%} accuracy on the test"
            " images: read these columns with care."
        )
    return [*lines, _trainings(results, params)]


def warnings(result: ModelResults) -> list[str]:
    """What the health checks say of a model's training; of several in how many of them."""
    if not result.replicates:
        return [
            f"Warning in the training of {result.model}: {line}."
            for line in result.training.summary.alarms
        ]
    n = len(result.trainings)
    kinds = Counter(
        kind
        for each in result.trainings
        for kind in {line.partition(":")[0] for line in each.training.summary.alarms}
    )
    return [
        f"Warning in {count} of {n} trainings of {result.model}: {kind}."
        for kind, count in kinds.items()
    ]


def _trainings(results: DatasetResults, params: Params) -> str:
    """On how many trainings the numbers stand."""
    counts = {result.model: len(result.trainings) for result in results.models}
    if max(counts.values()) == 1:
        return (
            f"One training per model (seed {params.seed}): another training may move a model by"
            " more than its interval. The key seeds in params.yaml makes more."
        )
    fewer = [f"{model} {n}" for model, n in counts.items() if n < max(counts.values())]
    but = f", but of {join_words(fewer)}" if fewer else ""
    return (
        f"Numbers are means over {max(counts.values())} trainings of each model{but}; their"
        " intervals say where the mean of many trainings would be."
    )


def has_places(results: DatasetResults) -> bool:
    """Whether FID ranks the models: it means something here, and no control contradicts that."""
    checks = check_verdicts(results)
    holds = all(checks[verdict].holds for verdict in ("ranking", "ties"))
    return holds and caveat(FID, results.reference) is None


def _order(results: DatasetResults, ranked: list[ModelResults], holding: set[str]) -> list[str]:
    """What FID says of the models of one protocol, as far as the controls bear it out."""
    lines = [_against_floor(ranked[0], results.reference.floor["fid"].value)]
    lines += _ties(ranked) if "ties" in holding else []
    lines += _rank_stability(ranked)
    lines += _last_and_disagreeing(ranked, results.reference) if "ties" in holding else []
    is_comparable = ranked[0].protocol.extractor == results.extractor
    if is_comparable and {"ties", "copying"} <= holding:
        lines += classical_findings(ranked, results.controls.classical)
    return lines


def _fid(result: ModelResults) -> Estimate:
    fid = result.mean(FID)
    assert fid is not None, result.model
    return fid


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
    """Which models cannot be told apart by FID."""
    apart = told_apart(ranked)
    tied = [
        f"{a.model} from {b.model}"
        for (i, a), (j, b) in combinations(enumerate(ranked), 2)
        if (i, j) not in apart
    ]
    return [f"Not told apart by FID: {join_words(tied)}."] if tied else []


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


def _last_and_disagreeing(ranked: list[ModelResults], reference: Reference) -> list[str]:
    """Which model is worst, and whether KID has another best one."""
    best, worst = ranked[0], ranked[-1]
    if best is worst:
        return []
    n = len(ranked)
    is_sure = (n - 2, n - 1) in told_apart(ranked)
    lines = [f"{worst.model} has the highest FID, {number(_fid(worst).value)}."] * is_sure
    best_by_kid = min(ranked, key=lambda result: result.quality.metrics["kid"].value)
    p = p_of_difference(best_by_kid.quality, best.quality, "kid")
    if p < LEVEL and caveat(KID, reference) is None:
        lines.append(f"KID disagrees about the best model: it prefers {best_by_kid.model}.")
    return lines


def _class_coverage(results: DatasetResults) -> str:
    k = len(results.classes)
    covered = {r.model: r.quality.metrics["classes_covered"].value for r in results.models}
    missing = [f"{model} ({k - n:.0f} of {k})" for model, n in covered.items() if n < k]
    if missing:
        return f"Classes are missing or rare among the images of {join_words(missing)}."
    return f"Every model generates images of all {k} classes."


def trained_on_its_judge(result: ModelResults, params: Params) -> bool:
    """Whether a model's loss uses the features of the classifier that also measures it."""
    weight = params.build_args(result.model).get("perceptual", 0)
    return weight > 0 and result.protocol.extractor != "inception"
