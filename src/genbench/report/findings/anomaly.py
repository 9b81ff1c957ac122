"""What the anomaly scores show, in sentences."""

import numpy as np

from ...anomaly.results import POOLED, DetectionResults, Shift
from ...auroc import Scores, auroc, candidates
from ...results.model import ModelResults, SetsScores
from ...results.run import DatasetResults
from ...utils.record import Estimate
from ..formatting import join_words, number, spaced

SIGNIFICANT = 0.01
"""A difference of means with a larger p may be chance."""
SMALL_EFFECT = 0.2
"""Cohen's d below which an effect is small."""


def detection_findings(results: DatasetResults, kind: str, name: str, images: str) -> list[str]:
    """How well the models' main scores tell a set of images from test images.

    images : the set in words
    """
    scores = {
        _main_score(result): _of_images(result.scores, result.detection.main_score, kind, name)
        for result in results.models
        if result.detection.main_score
    }
    if not scores:
        return ["No model has an anomaly score."]
    estimates = {score: auroc(*pair) for score, pair in scores.items()}
    best = candidates(scores)
    lines = [_best(best, estimates, images)] if _ends(estimates[best[0]])[0] > 0.5 else []
    return lines + [line for score in estimates if (line := _chance(score, estimates, images))]


def _best(best: list[str], estimates: dict[str, Estimate], images: str) -> str:
    """`best` : the scores that may be the best, by the paired test of `candidates`."""
    if len(best) == 1:
        value = estimates[best[0]].value
        return f"{best[0]} separates {images} from test images best: AUROC {value:.3f}."
    words = join_words([f"{score} ({estimates[score].value:.3f})" for score in best])
    return (
        f"The highest AUROCs for {images} are those of {words}, which a paired test (5%) does not"
        " tell apart."
    )


def _chance(score: str, estimates: dict[str, Estimate], images: str) -> str | None:
    """What a score is called that is below guessing, or near it."""
    value = estimates[score].value
    low, high = _ends(estimates[score])
    if high < 0.5:
        near = ", though it is near guessing" if value > 0.45 else ""
        return (
            f"{score} is reversed here (AUROC {value:.3f}): it scores {images} as less"
            f" anomalous than test images{near}."
        )
    if low <= 0.5:
        return f"{score} is not shown to differ from guessing (AUROC {value:.3f})."
    if value < 0.55:
        return f"{score} is hardly better than guessing (AUROC {value:.3f})."
    return None


def _ends(estimate: Estimate) -> tuple[float, float]:
    """Of its interval, or its value twice."""
    low, high = (estimate.value if v is None else v for v in (estimate.low, estimate.high))
    return low, high


def _of_images(scores: SetsScores, score: str, kind: str, name: str) -> Scores:
    """A score of test images and of an OOD dataset, of all defects, or of corruptions as (K, N)."""
    test = scores["test", "test"][score]
    if kind == "ood":
        return test, scores[kind, name][score]
    sets = [s[score] for (part, _), s in scores.items() if part == POOLED[kind]]
    return test, np.stack(sets) if kind == "corruptions" else np.concatenate(sets)


def reconstruction_hypothesis(results: DatasetResults, ood_dataset: str) -> list[str]:
    """Whether autoencoders reconstruct images of `ood_dataset` worse, as is often assumed."""
    lines = []
    for result in results.models:
        detection = result.detection.by_score("ood", ood_dataset).get("reconstruction_error")
        if detection and detection.shift:
            lines.append(f"{result.model} {_reconstruction(detection.shift, ood_dataset)}.")
    return lines


def _reconstruction(shift: Shift, name: str) -> str:
    means = f"{number(shift.mean_out)} against {number(shift.mean_in)}, effect {shift.effect:.2f}"
    if shift.p > SIGNIFICANT:
        return (
            f"is not shown to reconstruct {name} better or worse ({means}): no support for the"
            " hypothesis here"
        )
    if shift.effect < 0:
        return (
            f"reconstructs {name} better than test images ({means}): the hypothesis does not hold"
            " here"
        )
    if shift.effect < SMALL_EFFECT:
        return f"reconstructs {name} worse, but hardly so ({means}): of no use here"
    return f"reconstructs {name} worse ({means}), as is often assumed of autoencoders"


def best_score(results: DatasetResults, kind: str, name: str) -> list[str]:
    """The best score of all, and whether a paired test finds models above baselines or below."""

    def pairs(source: str, detections: DetectionResults, scores: SetsScores) -> dict[str, Scores]:
        names = detections.by_score(kind, name)
        return {f"{source} {spaced(s)}": _of_images(scores, s, kind, name) for s in names}

    baselines = pairs("the baseline", results.baselines, results.baseline_scores)
    models: dict[str, Scores] = {}
    for result in results.models:
        models |= pairs(f"{result.model}'s", result.detection, result.scores)
    if not models or not baselines:
        return []
    value = {score: auroc(*pair).value for score, pair in (models | baselines).items()}
    best, *tied = candidates(models | baselines)
    rivals = baselines if best in models else models
    start = f"The highest AUROC is that of {best} ({value[best]:.3f})"
    if equal := [score for score in tied if score in rivals]:
        return [f"{start}, not shown to be above that of {equal[0]} ({value[equal[0]]:.3f})."]
    rival = max(rivals, key=lambda score: value[score])
    others = "baseline" if best in models else "score of a model"
    return [
        f"{start}, above that of every {others}; the best of these is {rival} ({value[rival]:.3f})."
    ]


def _main_score(result: ModelResults) -> str:
    return f"{result.model}'s {spaced(result.detection.main_score or '')}"


def false_positives(results: DatasetResults, quantile: float) -> list[str]:
    """Whether the thresholds, set on validation images, have the expected rate on test images."""
    rates = []
    for result in results.models:
        detection = result.detection.main("corruptions", "all")
        if detection and (n := detection.decisions):
            rates.append(f"{result.model} {n.fp / (n.fp + n.tn):.1%}")
    if not rates:
        return []
    return [
        f"Each threshold is the {quantile:g} quantile of the score on validation images, so about"
        f" {1 - quantile:.1%} of the test images should be false positives; they are:"
        f" {join_words(rates)}."
    ]


def hardest(results: DatasetResults, kind: str) -> list[str]:
    """The corruption or defect for which the models' largest AUROC, of main scores, is smallest."""
    best: dict[str, tuple[float, str]] = {}
    for result in results.models:
        for name in result.detection.names(kind):
            if detection := result.detection.main(kind, name):
                found = (detection.auroc.value, result.model)
                best[name] = max(best.get(name, (0.0, "")), found)
    if len(best) < 2:
        return []
    name, (value, model) = min(best.items(), key=lambda item: item[1])
    return [f"The lowest AUROC at best is that for {spaced(name)}: {value:.3f}, by {model}."]
