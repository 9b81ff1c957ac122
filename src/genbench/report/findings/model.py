"""What the results show of each model by itself, in sentences, for places outside the report."""

from ...params import Params
from ...results.metrics import FID
from ...results.model import ModelResults
from ...results.places import places
from ...results.run import DatasetResults
from ...results.summary import headlines
from ..caveats import caveat
from ..formatting import join_words, number, spaced
from .controls import Check, check_verdicts
from .copying import describe_copying, is_copying
from .latent import describe_encoding
from .quality import has_places, ranking_findings, trained_on_its_judge

KINDS = {
    "corruption_auroc": "corrupted ones",
    "ood_auroc": "other datasets",
    "defect_auroc": "defects",
}
"""What the headlines of detection tell from test images, in words."""


def model_notes(datasets: list[DatasetResults], params: Params) -> dict[tuple[str, str], str]:
    """By dataset and model: what was found about it, as a list in Markdown."""
    notes: dict[tuple[str, str], str] = {}
    for results in datasets:
        checks = check_verdicts(results)
        for failure in results.failures:
            if not failure.unfinished:
                notes[results.dataset, failure.name] = f"- {failure.name} {failure}."
        for result in results.models:
            lines = model_findings(result, results, checks)
            if trained_on_its_judge(result, params):
                lines.append("It is trained on the features that judge it, which flatters it.")
            notes[results.dataset, result.model] = as_list(lines)
    return notes


def study_note(datasets: list[DatasetResults], params: Params) -> str:
    """What was found about the models of each dataset together, in Markdown."""
    parts = [
        f"**{each.dataset}**\n\n{as_list(ranking_findings(each, params))}" for each in datasets
    ]
    return "\n\n".join(parts)


def as_list(lines: list[str]) -> str:
    """Sentences as a list in Markdown."""
    return "\n".join(f"- {line}" for line in lines)


def model_findings(
    result: ModelResults, results: DatasetResults, checks: dict[str, Check]
) -> list[str]:
    """Its FID and place, classes, copies, warnings, detection and latents; no contradicted verdict.

    checks : of `check_verdicts`
    """
    holding = {verdict for verdict, check in checks.items() if check.holds}
    lines = [_fid(result, results)]
    n_classes = len(results.classes)
    if "classes" in holding:
        covered = result.quality.metrics["classes_covered"].value
        lines.append(f"It generates images of {covered:.0f} of {n_classes} classes.")
    if "copying" in holding:
        copied = describe_copying(result.quality)
        verb = "are" if is_copying(result.quality) else "are not shown to be"
        lines.append(f"Its images {verb} copies of training images ({copied}).")
    lines += [f"Warning in the training: {line}." for line in result.training.summary.alarms]
    lines += _detection(result) if "detection" in holding else []
    return lines + (describe_encoding(result) if result.has_encoder else [])


def _fid(result: ModelResults, results: DatasetResults) -> str:
    """Its FID beside its interval and the floor, and its place where there is one."""
    fid, floor = result.quality.metrics["fid"], results.reference.floor["fid"]
    parts = []
    if fid.low is not None and fid.high is not None:
        parts.append(f"95 % interval {number(fid.low)} to {number(fid.high)}")
    if result.protocol.extractor == results.extractor:
        parts.append(f"real training images {number(floor.value)}")
    line = f"FID {number(fid.value)}" + (f" ({'; '.join(parts)})" if parts else "")
    if reason := caveat(FID, results.reference):
        return f"{line}. {reason}"
    (group,) = (g for g in results.by_protocol() if any(each is result for each in g))
    if not has_places(results):
        return f"{line}."
    place = places(group)[[each is result for each in group].index(True)]
    names = join_words([each.model for each in group])
    return f"{line}: place {place} of {len(group)} ({names})."


def _detection(result: ModelResults) -> list[str]:
    """How well its main score tells each kind of images from test images, on average."""
    values = headlines(result)
    aurocs = [f"{words} {values[key]:.3f}" for key, words in KINDS.items() if key in values]
    if not aurocs:
        return []
    score = spaced(result.detection.main_score or "")
    return [f"Its {score} tells from test images (mean AUROC): {join_words(aurocs)}."]
