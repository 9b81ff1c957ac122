"""What the grid latent_dim x width of a model shows, in sentences."""

from ...results.curve_metrics import curve_metric
from ...results.detail_metrics import FLOPS, PARAMETERS
from ...results.metric import Metric
from ...results.metrics import FID
from ...results.points import SweepPoint, TrialResults
from ...results.summary import validation_metric
from ...results.trainings import over_trainings
from ..formatting import number

AXES = ("latent_dim", "width")
COST = (FLOPS, PARAMETERS)
Pairs = list[tuple[SweepPoint, SweepPoint]]


def quality_metrics(point: SweepPoint) -> list[Metric]:
    """What the points of a model are compared by: FID, and a validation loss where it has one."""
    key = validation_metric(point.final)
    player, _, part = (key or "").partition("/")
    return [FID, curve_metric(player, part)] if key else [FID]


def grid_findings(points: list[SweepPoint], fid_caveat: str | None = None) -> list[str]:
    """The best and the worst point of one model's grid, the effects, and the warnings.

    fid_caveat : why FID means nothing on this dataset, where it does
    """
    if len(points) < 2:
        return []
    metrics = quality_metrics(points[0])
    lines = [_best_and_worst(points)]
    if fid_caveat:
        metrics.remove(FID)
        lines = [f"No ranking by FID. {fid_caveat}"]
    lines += [line for axis in AXES for line in _effect(points, axis, metrics)]
    warnings = [
        f"Warning at {describe_point(point)}{_seed(point, each)}: {line}."
        for point in points
        for each in point.trials
        for line in each.training.summary.alarms
    ]
    n = sum(len(point.trials) for point in points)
    return lines + (warnings or [f"No warning in any of the {n} trainings."])


def _best_and_worst(points: list[SweepPoint]) -> str:
    ends = (min(points, key=_fid), max(points, key=_fid))
    lowest, highest = (f"{number(_fid(p))} at {describe_point(p)}" for p in ends)
    return f"FID is lowest, {lowest}, and highest, {highest}."


def describe_point(point: SweepPoint) -> str:
    """The hyperparameters of a point, in words."""
    return ", ".join(f"{axis} {point.at[axis]}" for axis in AXES)


def _seed(point: SweepPoint, trial: TrialResults) -> str:
    return f", seed {trial.trial.at['seed']}" if len(point.trials) > 1 else ""


def _fid(point: SweepPoint) -> float:
    return point.value("fid")


def _effect(points: list[SweepPoint], axis: str, metrics: list[Metric]) -> list[str]:
    """The effect of a hyperparameter, from its smallest to its largest value, all else equal."""
    (other,) = (name for name in AXES if name != axis)
    rows: dict[float, dict[float, SweepPoint]] = {}
    for point in points:
        rows.setdefault(point.at[axis], {})[point.at[other]] = point
    low, high = min(rows), max(rows)
    pairs = [(rows[low][k], rows[high][k]) for k in rows[low] if k in rows[high]]
    if low == high or not pairs:
        return []
    changes = [_change(pairs, m, other) + _lowest_between(rows, m) for m in metrics]
    words = f", mean over {other}: {'; '.join(changes)}" if changes else ""
    cost = ", ".join(_cost_ratio(pairs, metric) for metric in COST)
    return [f"{axis} {low} to {high}{words}. It takes {cost}."]


def _change(pairs: Pairs, metric: Metric, other: str) -> str:
    before = [pair[0].value(metric.key) for pair in pairs]
    after = [pair[1].value(metric.key) for pair in pairs]
    n_lower = sum(b < a for a, b in zip(before, after, strict=True))
    where = {0: "nowhere", len(pairs): f"at every {other}"}
    lower = where.get(n_lower, f"at {n_lower} of {len(pairs)}")
    return (
        f"{metric.label} from {number(_mean(before))} to {number(_mean(after))}"
        f" (lower {lower}{_over_seeds(pairs, metric)})"
    )


def _over_seeds(pairs: Pairs, metric: Metric) -> str:
    """The change with its interval over the seeds that all points have; "" for one."""
    ends = [(low.by_seed(metric.key), high.by_seed(metric.key)) for low, high in pairs]
    seeds = set.intersection(*(low.keys() & high.keys() for low, high in ends))
    if len(seeds) < 2:
        return ""
    changes = [_mean([high[seed] - low[seed] for low, high in ends]) for seed in sorted(seeds)]
    change = over_trainings(changes).mean
    low, high = change.low or 0.0, change.high or 0.0
    interval = f"{number(low)} to {number(high)}"
    sure = ", which may be chance" if low <= 0 <= high else ""
    return f"; change {number(change.value)}, 95% interval {interval} over {len(seeds)} seeds{sure}"


def _lowest_between(rows: dict[float, dict[float, SweepPoint]], metric: Metric) -> str:
    """Where between the ends the mean is lowest, if it is and all rows have the same points."""
    means = {x: _mean([p.value(metric.key) for p in row.values()]) for x, row in rows.items()}
    lowest = min(means, key=means.__getitem__)
    if lowest in (min(rows), max(rows)) or len({frozenset(row) for row in rows.values()}) > 1:
        return ""
    return f", lowest at {lowest}, {number(means[lowest])}"


def _cost_ratio(pairs: Pairs, metric: Metric) -> str:
    ratio = _mean([b.value(metric.key) / a.value(metric.key) for a, b in pairs])
    return f"{ratio:.2f} times the {metric.label}"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
