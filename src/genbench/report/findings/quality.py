"""What the numbers say, in sentences that are drawn from the results."""

from ..html import number
from ..results import DatasetResults, Result, tied_ranks

AT_FLOOR = 1.1
"""A distance within 10 % of the floor is not told apart from it."""
WEAK = 0.9
"""Below this test accuracy, a classifier's features are no good judge."""
COPIES = 0.8
"""Below this ratio of distances, images are nearer to what was trained on than chance allows."""


def listed(words: list[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def ranking(study: DatasetResults, seed: int) -> list[str]:
    """Who is best, how far from real images, what is missing, and how much to believe it."""
    ranked, *others = study.groups()
    best, worst = ranked[0], ranked[-1]
    out = [_against_floor(best, study.reference["floor"]), *_ties(ranked), *_held(ranked)]
    if len(ranked) > 1:
        out.append(
            f"{worst.model} is furthest from the real images (FID {number(worst.metric('fid'))})."
        )
        by_kid = min(ranked, key=lambda r: r.metric("kid"))
        if by_kid is not best:
            out.append(f"KID disagrees about the first place: it prefers {by_kid.model}.")
    if others:
        apart = listed([r.model for group in others for r in group])
        out.append(f"{apart}: measured under another protocol, and so in a table apart.")
    out.append(_coverage(study))
    out += _copies(study)
    out += [
        f"Alarm in the training of {r.model}: {line}." for r in study.ranked() for line in r.alarms
    ]
    accuracy = study.classifier["test_accuracy"]
    if study.extractor == "classifier" and accuracy < WEAK:
        out.append(
            f"The classifier behind FID, IS and KID is right on only {accuracy:.1%} of the test"
            " images: read these columns with care."
        )
    out.append(f"One training per model (seed {seed}): small gaps between rows may be chance.")
    return out


def _against_floor(result: Result, of: dict) -> str:
    fid, floor = result.metric("fid"), of[f"fid_{result.protocol['extractor']}"]
    if fid <= AT_FLOOR * floor:
        return (
            f"{result.model} has the lowest FID, {number(fid)}, and is at the floor of"
            f" {number(floor)}: this measure no longer tells its images from real ones."
        )
    times = f", {number(fid / floor)} times the floor of {number(floor)}" if floor > 0 else ""
    return (
        f"{result.model} has the lowest FID, {number(fid)}{times}"
        " (the floor is what real training images get)."
    )


def _ties(ranked: list[Result]) -> list[str]:
    """Which places are shared."""
    shared: dict[str, list[str]] = {}
    for r, place in zip(ranked, tied_ranks(ranked), strict=True):
        if place.endswith("="):
            shared.setdefault(place, []).append(r.model)
    return [f"{listed(names)} are tied: their intervals overlap." for names in shared.values()]


def _held(ranked: list[Result]) -> list[str]:
    """Whether other samples of the same models give the same order."""
    key = f"fid_{ranked[0].protocol['extractor']}"
    samples = [r.evaluate["over_seeds"].get(key, []) for r in ranked]
    if len(ranked) < 2 or not samples[0]:
        return []
    orders = {
        tuple(sorted(range(len(ranked)), key=of.__getitem__)) for of in zip(*samples, strict=True)
    }
    n = len(samples[0])
    if len(orders) == 1:
        return [f"All {n} samples of each model give this order."]
    swapped = {i for order in orders for place, i in enumerate(order) if i != place}
    names = listed([ranked[i].model for i in sorted(swapped)])
    return [f"The {n} samples of each model do not agree on the order of {names}."]


def _copies(study: DatasetResults) -> list[str]:
    """Models whose images are much nearer to training images than to test images."""
    near = [r for r in study.ranked() if r.metric("nearest_ratio") < COPIES]
    if not near:
        return []
    names = listed([f"{r.model} ({number(r.metric('nearest_ratio'), 2)})" for r in near])
    return [f"Nearer to training images than to test images, perhaps copied: {names}."]


def _coverage(study: DatasetResults) -> str:
    k = len(study.classes)
    missing = [
        f"{r.model} ({k - r.evaluate['classes_covered']:.0f} of {k})"
        for r in study.results
        if r.evaluate["classes_covered"] < k
    ]
    if missing:
        return f"Classes are missing or rare among the images of {listed(missing)}."
    return f"Every model generates images of all {k} classes."


def betas(points: list[dict]) -> list[str]:
    """Whether a larger beta buys a lower rate with a higher distortion, at every step."""
    if len(points) < 2:
        return []
    points = sorted(points, key=lambda s: s["beta"])
    low, high = points[0], points[-1]
    out = [
        f"From beta {low['beta']:g} to {high['beta']:g} the rate goes from {number(low['rate'])} to"
        f" {number(high['rate'])} nats, the distortion from {number(low['distortion'])} to"
        f" {number(high['distortion'])}."
    ]
    for key, sign in (("rate", -1), ("distortion", 1)):
        steps = [sign * (b[key] - a[key]) for a, b in zip(points, points[1:], strict=False)]
        if any(step <= 0 for step in steps):
            out.append(f"The {key} does not {'rise' if sign > 0 else 'fall'} at every step.")
    return out
