"""What the numbers of latent spaces and of the rate-distortion curve show, in sentences."""

import math

from ...results.model import ModelResults
from ...results.points import SweepPoint
from ...results.run import DatasetResults
from ..formatting import join_words, number

FULL = 0.9
"""Share of log n above which n images are too few to measure the mutual information."""


def latent_findings(results: DatasetResults) -> list[str]:
    """Which latent space is smooth, which model reconstructs best, what its latents encode."""
    lines = []
    measured = [result for result in results.ranked() if result.latent.metrics]
    encoders = [result for result in measured if result.has_encoder]
    if len(measured) > 1:
        lengths = {r.model: r.latent.metrics["path_length"].value for r in measured}
        smooth, *_, rough = sorted(lengths, key=lengths.__getitem__)
        lines.append(
            "Paths between random latents are smoothest in the latent space of"
            f" {smooth} (path length {number(lengths[smooth])}), roughest in that of"
            f" {rough} ({number(lengths[rough])})."
        )
    if len(encoders) > 1:
        psnr = {result.model: result.latent.metrics["psnr"].value for result in encoders}
        best = max(psnr, key=psnr.__getitem__)
        lines.append(f"{best} has the best reconstructions ({number(psnr[best])} dB).")
    lines += [line for result in encoders for line in describe_encoding(result)]
    return lines + _saturated_information(encoders)


def describe_encoding(result: ModelResults) -> list[str]:
    """How many latents are used, and which class is hardest to reconstruct, where it is known."""
    active = result.value("active_units")
    parts = [] if active is None else [f"{active} active units"]
    errors = {e.name: e.squared_error for e in result.latent.squared_error_by_class or ()}
    if errors:
        hard = max(errors, key=errors.__getitem__)
        easy = min(errors, key=errors.__getitem__)
        parts.append(
            f"{hard} is hardest to reconstruct (squared error {number(errors[hard])} per"
            f" pixel), {easy} easiest ({number(errors[easy])})"
        )
    return [f"{result.model}: {'; '.join(parts)}."] if parts else []


def _saturated_information(encoders: list[ModelResults]) -> list[str]:
    """Models whose mutual information is about as much as so many images can show."""
    limits = {result.model: math.log(result.latent.n or 1) for result in encoders}
    saturated = [
        result
        for result in encoders
        if (result.value("mutual_information") or 0) > FULL * limits[result.model]
    ]
    if not saturated:
        return []
    first = saturated[0]
    names = join_words([result.model for result in saturated])
    return [
        f"The mutual information of {names} is near the logarithm of {first.latent.n:,},"
        f" {number(limits[first.model])} nats, the most that so many images can show: nearly every"
        " image can be identified by its code."
    ]


def rate_distortion_findings(points: list[SweepPoint]) -> list[str]:
    """Whether a larger beta buys a lower rate with a higher distortion, at every step."""
    if len(points) < 2:
        return []
    points = sorted(points, key=lambda point: point.at["beta"])
    low, high = points[0], points[-1]

    def change(key: str) -> str:
        return f"from {number(low.value(key))} to {number(high.value(key))}"

    lines = [
        f"From beta {low.at['beta']:g} to {high.at['beta']:g} the rate goes"
        f" {change('rate')} nats, the distortion {change('distortion')}."
    ]
    for key, sign, verb in (("rate", -1, "fall"), ("distortion", 1, "rise")):
        values = [point.value(key) for point in points]
        steps = [sign * (b - a) for a, b in zip(values, values[1:], strict=False)]
        if any(step <= 0 for step in steps):
            lines.append(f"The {key} does not {verb} at every step.")
    return lines
