"""What a sweep over latent_dim and width found: its points, and what each choice does."""

from ..html import number
from ..results import DatasetResults, judged_by

COST = ("operations", "parameters")
AXES = ("latent_dim", "width")
NAMES = {
    "fid": "FID",
    "val/negative_elbo": "negative ELBO",
    "val/jensen_shannon": "Jensen-Shannon divergence",
    "val/earth_movers_distance": "earth mover's distance",
    "val/loss": "loss",
    "operations": "operations per image",
    "parameters": "weights",
}
"""What the points are compared by; of the losses, the first that a model has."""


def points(study: DatasetResults, model: str) -> list[dict]:
    """The points of one model's grid, flat: choices, cost, quality and losses under plain names."""
    found = []
    for s in study.sweep:
        if s["model"] == model:
            quality = {k.removesuffix(f"_{study.extractor}"): v for k, v in s.items()}
            found.append({**quality, **s["final"]})
    return found


def worth(points: list[dict]) -> list[str]:
    """The keys by which the points of a model are judged: quality, and a loss."""
    return ["fid", *judged_by(points[0])]


def at(point: dict) -> str:
    """Where a point stands, in words."""
    return ", ".join(f"{axis} {point[axis]}" for axis in AXES)


def said(points: list[dict]) -> list[str]:
    """The best and the worst point of one model's grid, what each choice does, and alarms."""
    if len(points) < 2:
        return []
    best, worst = (f(points, key=lambda s: s["fid"]) for f in (min, max))
    lowest, highest = (f"{number(s['fid'])} at {at(s)}" for s in (best, worst))
    out = [f"FID is lowest, {lowest}, and highest, {highest}."]
    out += [line for axis in AXES for line in _effect(points, axis)]
    rang = [s for s in points if s["alarms"]]
    out += [f"Alarm at {at(s)}: {line}." for s in rang for line in s["alarms"]]
    if not rang:
        out.append(f"Stable: no alarm in any of the {len(points)} trainings.")
    return out


def _effect(points: list[dict], axis: str) -> list[str]:
    """What the step from the smallest to the largest choice does, the other one being equal."""
    (other,) = (name for name in AXES if name != axis)
    rows: dict[int, dict[int, dict]] = {}
    for s in points:
        rows.setdefault(s[axis], {})[s[other]] = s
    low, high = min(rows), max(rows)
    pairs = [(rows[low][k], rows[high][k]) for k in rows[low] if k in rows[high]]
    if low == high or not pairs:
        return []
    seen = "; ".join(_change(pairs, key, other) + _between(rows, key) for key in worth(points))
    grown = ", ".join(_times(pairs, key) for key in COST)
    return [f"{axis} {low} to {high}, mean over {other}: {seen}. It takes {grown}."]


def _change(pairs: list[tuple[dict, dict]], key: str, other: str) -> str:
    before, after = (_mean([pair[i][key] for pair in pairs]) for i in (0, 1))
    falls = sum(b[key] < a[key] for a, b in pairs)
    where = {0: "nowhere", len(pairs): f"at every {other}"}
    return (
        f"{NAMES[key]} from {number(before)} to {number(after)}"
        f" (lower {where.get(falls, f'at {falls} of {len(pairs)}')})"
    )


def _between(rows: dict[int, dict[int, dict]], key: str) -> str:
    """Where between the ends the mean is lowest, if it is and all rows have the same points."""
    means = {choice: _mean([s[key] for s in row.values()]) for choice, row in rows.items()}
    lowest = min(means, key=means.__getitem__)
    if lowest in (min(rows), max(rows)) or len({frozenset(row) for row in rows.values()}) > 1:
        return ""
    return f", lowest at {lowest}, {number(means[lowest])}"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _times(pairs: list[tuple[dict, dict]], key: str) -> str:
    ratio = _mean([b[key] / a[key] for a, b in pairs])
    return f"{ratio:.2f} times the {NAMES[key]}"
