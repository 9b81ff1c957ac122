"""What the anomaly scores show, in sentences."""

from ...anomaly.results import Shift
from ...results.run import DatasetResults, ModelResults
from ..formatting import join_words, number, spaced

SIGNIFICANT = 0.01
"""A difference of means with a larger p may be chance."""
SMALL_EFFECT = 0.2
"""Cohen's d below which an effect is small."""


def detection_findings(results: DatasetResults, kind: str, name: str, images: str) -> list[str]:
    """How well the models' main scores tell a set of images from test images.

    images : the set in words
    """
    auroc = {
        _main_score(result): detection.auroc.value
        for result in results.models
        if (detection := result.detection.main(kind, name))
    }
    if not auroc:
        return ["No model has an anomaly score."]
    lines, top = [], max(auroc.values())
    if top > 0.5:
        best = [score for score, value in auroc.items() if f"{value:.3f}" == f"{top:.3f}"]
        verb = "separates" if len(best) == 1 else "separate"
        lines.append(f"{join_words(best)} {verb} {images} from test images best: AUROC {top:.3f}.")
    for score, value in auroc.items():
        if value < 0.5:
            near = ", though it is near guessing" if value > 0.45 else ""
            lines.append(
                f"{score} is reversed here (AUROC {value:.3f}): it scores {images} as less"
                f" anomalous than test images{near}."
            )
        elif value < 0.55:
            lines.append(f"{score} is hardly better than guessing (AUROC {value:.3f}).")
    return lines


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
            f"reconstructs {name} neither better nor worse ({means}): the hypothesis does not hold"
            " here"
        )
    if shift.effect < 0:
        return (
            f"reconstructs {name} better than test images ({means}): the hypothesis does not hold"
            " here"
        )
    if shift.effect < SMALL_EFFECT:
        return f"reconstructs {name} worse, but hardly so ({means}): of no use here"
    return f"reconstructs {name} worse ({means}), as is often assumed of autoencoders"


def best_score(results: DatasetResults, ood_dataset: str) -> list[str]:
    """The best score of all, and whether it is better than the baselines."""
    detections = {
        f"{result.model}'s {spaced(score)}": detection
        for result in results.models
        for score, detection in result.detection.by_score("ood", ood_dataset).items()
    }
    baselines = results.baselines.by_score("ood", ood_dataset)
    if not detections or not baselines:
        return []
    name, best = max(detections.items(), key=lambda item: item[1].auroc.value)
    score, baseline = max(baselines.items(), key=lambda item: item[1].auroc.value)
    auroc = f"AUROC {best.auroc.value:.3f}"
    of_baseline = f"{spaced(score)} ({baseline.auroc.value:.3f})"
    if best.auroc.is_above(baseline.auroc):
        return [f"The best score is {name} ({auroc}), above the best baseline, {of_baseline}."]
    return [f"The best score, {name} ({auroc}), is no better than the baseline {of_baseline}."]


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


def hardest_corruption(results: DatasetResults) -> list[str]:
    """The corruption for which even the best model's main score is worst."""
    best: dict[str, tuple[float, str]] = {}
    for result in results.models:
        for name in result.detection.names("corruption"):
            if detection := result.detection.main("corruption", name):
                candidate = (detection.auroc.value, result.model)
                best[name] = max(best.get(name, (0.0, "")), candidate)
    if len(best) < 2:
        return []
    name, (auroc, model) = min(best.items(), key=lambda item: item[1])
    return [f"Hardest to detect: {spaced(name)} (AUROC {auroc:.3f} at best, by {model})."]
