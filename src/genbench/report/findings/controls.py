"""What the planted truths say of each verdict: what it would have seen, and whether it holds."""

from typing import NamedTuple

from ...evaluation.results import Quality
from ...results.places import p_of_difference
from ...results.run import DatasetResults
from ..formatting import join_words, number, probability
from .copying import is_copying, p_of_copying

CONTRADICTED = 0.001
"""A p-value below which a truth is taken as contradicted: rare enough to be no chance."""
PERCENTS = (10, 50, 100)
TITLES = {
    "held_out": "held-out real images",
    **{f"copies_{percent}": f"{percent} % training images" for percent in PERCENTS},
    "without_class": "one class left out",
    "duplicated": "half of the images twice",
    "blurred": "slightly blurred",
    "first_half": "a half of the held-out images",
    "second_half": "their other half",
}
"""The planted sets in words, in the order of the report."""


class Check(NamedTuple):
    """A verdict, whether the planted truths bear it out, and a sentence that says so."""

    verdict: str
    holds: bool
    sentence: str


def check_verdicts(results: DatasetResults) -> dict[str, Check]:
    """By verdict: copying, ranking, ties, classes, duplicates, detection."""
    planted = results.controls.planted
    checks = [_copying(planted), _ranking(planted), _ties(planted), _duplicates(planted)]
    if "without_class" in planted:
        checks.append(_classes(planted, len(results.classes)))
    checks.append(check_detection(results))
    return {check.verdict: check for check in checks}


def contradictions(checks: dict[str, Check]) -> list[str]:
    """A line for each verdict that is not printed."""
    return [
        f"No verdict on {verdict}, as its control contradicts it. {check.sentence}"
        for verdict, check in checks.items()
        if not check.holds
    ]


def _copying(planted: dict[str, Quality]) -> Check:
    seen: dict[bool, list[str]] = {True: [], False: []}
    for percent in PERCENTS:
        quality = planted[f"copies_{percent}"]
        text = f"{percent} % (p = {probability(p_of_copying(quality))})"
        seen[is_copying(quality)].append(text)
    p = p_of_copying(planted["held_out"])
    parts = [
        f"{join_words(texts)} would{'' if was_seen else ' not'} have been seen"
        for was_seen, texts in seen.items()
        if texts
    ]
    sentence = f"Copies: {', '.join(parts)}; held-out real images have a p of {probability(p)}."
    return Check("copying", is_copying(planted["copies_100"]) and p >= CONTRADICTED, sentence)


def _ranking(planted: dict[str, Quality]) -> Check:
    real, blurred = planted["held_out"], planted["blurred"]
    fids = [quality.metrics["fid"].value for quality in (real, blurred)]
    p = probability(p_of_difference(real, blurred))
    sentence = (
        f"FID: of held-out real images {number(fids[0])}, of the same images slightly blurred"
        f" {number(fids[1])} (p = {p})."
    )
    return Check("ranking", fids[0] < fids[1], sentence)


def _ties(planted: dict[str, Quality]) -> Check:
    p = p_of_difference(planted["first_half"], planted["second_half"])
    sentence = f"Ties: two halves of one sample differ in FID with p = {probability(p)}."
    return Check("ties", p >= CONTRADICTED, sentence)


def _duplicates(planted: dict[str, Quality]) -> Check:
    shares = [planted[name].metrics["duplicates"].value for name in ("duplicated", "held_out")]
    sentence = (
        f"Duplicates: where half of the images stand twice their share is {number(shares[0], 3)},"
        f" else {number(shares[1], 3)}."
    )
    return Check("duplicates", shares[0] > shares[1], sentence)


def _classes(planted: dict[str, Quality], n_classes: int) -> Check:
    names = ("held_out", "without_class")
    whole, part = (int(planted[name].metrics["classes_covered"].value) for name in names)
    sentence = (
        f"Classes: held-out real images have {whole} of {n_classes}, without one class {part}."
    )
    return Check("classes", part < whole == n_classes, sentence)


def check_detection(results: DatasetResults) -> Check:
    """Whether detectors find a difference where there is none."""
    detections = results.control_detection.detections
    aurocs = [detection.auroc.value for detection in detections]
    p = min(detection.shift.p for detection in detections if detection.shift)
    sentence = (
        "Detection: held-out test images against other test images, which nothing can tell apart,"
        f" have an AUROC of {number(min(aurocs), 2)} to {number(max(aurocs), 2)}"
        f" ({len(aurocs)} baselines)."
    )
    return Check("detection", p >= CONTRADICTED, sentence)
