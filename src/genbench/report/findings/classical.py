"""Which models a minute of statistics beats, in sentences."""

from ...evaluation.results import Quality
from ...results.model import ModelResults
from ...results.places import p_of_difference
from ...results.trainings import LEVEL, p_of_value
from ..formatting import join_words, number
from .copying import describe_copying, is_copying

TITLES = {
    "gaussian": "Gaussian",
    "gmm": "mixture of Gaussians",
    "kde": "kernel density",
    "mean": "mean image",
}
"""The classical generators in words."""


def classical_findings(ranked: list[ModelResults], classical: dict[str, Quality]) -> list[str]:
    """Which models the best classical generator beats, and which of them only copy."""
    by_fid = sorted(classical, key=lambda name: classical[name].metrics["fid"].value)
    copying = [name for name in by_fid if is_copying(classical[name])]
    lines = [
        f"The {TITLES[name]} of the training images has an FID of {_fid(classical[name])}, but"
        f" copies them ({describe_copying(classical[name])})."
        for name in copying
    ]
    name = next((name for name in by_fid if name not in copying), None)
    return lines if name is None else [_comparison(ranked, name, classical[name]), *lines]


def _comparison(ranked: list[ModelResults], name: str, quality: Quality) -> str:
    """How one of them compares with each model, corrected for their number (Bonferroni)."""
    groups: dict[str, list[str]] = {"beats": [], "is not told from": [], "is beaten by": []}
    fid = quality.metrics["fid"].value
    for result in ranked:
        fids = result.values("fid")
        is_over_trainings = len(fids) > 1
        p = p_of_value(fids, fid) if is_over_trainings else p_of_difference(quality, result.quality)
        if p > LEVEL / len(ranked):
            verb = "is not told from"
        elif fid < sum(fids) / len(fids):
            verb = "beats"
        else:
            verb = "is beaten by"
        groups[verb].append(result.model)
    parts = [f"{verb} {join_words(models)}" for verb, models in groups.items() if models]
    return (
        f"The {TITLES[name]} of the training images, statistics without a network, has an FID of"
        f" {_fid(quality)}: it {join_words(parts)}."
    )


def _fid(quality: Quality) -> str:
    return number(quality.metrics["fid"].value)
