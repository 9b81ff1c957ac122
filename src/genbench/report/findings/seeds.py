"""What several trainings of each model say, in sentences."""

from itertools import combinations
from math import comb

from ...results.model import ModelResults
from ...results.places import told_apart
from ...results.trainings import (
    LEVEL,
    least_rank_p,
    probability_lower,
    spread,
    trainings_needed,
)
from ..formatting import join_words, number

MAX_PAIRS = 3
"""So many pairs have sentences of their own."""


def seeds_findings(results: list[ModelResults]) -> list[str]:
    """Whether the order would hold in new trainings, what would decide it, what the spread is of.

    results : models of one protocol, best first, some with two or more trainings
    """
    group = [result for result in results if result.replicates]
    lines = [_best(group[0], group[1])] if len(group) > 1 else []
    lines += _undecided(results)
    fewest = min(len(result.trainings) for result in group)
    least = least_rank_p(fewest, fewest)
    if len(group) > 1 and least > LEVEL:
        lines.append(
            f"With {fewest} trainings of each model no rank test could tell any two apart: its"
            f" smallest p-value is {least:.2g}. The intervals here assume normal values."
        )
    return lines + _sources(group)


def failed_seeds(result: ModelResults) -> list[str]:
    """Trainings of a model that have no results."""
    return [
        f"{result.model}, seed {seed}, {failure}. No number holds it."
        for seed, failure in result.failed_seeds.items()
    ]


def _best(best: ModelResults, second: ModelResults) -> str:
    chance = probability_lower(best.values("fid"), second.values("fid"))
    return (
        f"In a new training of each, {best.model} would have a lower FID than {second.model} with"
        f" a chance of {chance.value:.0%} (95% interval {chance.low:.0%} to {chance.high:.0%})."
    )


def _undecided(results: list[ModelResults]) -> list[str]:
    """How many trainings would tell apart the pairs that are not; of many pairs the ends."""
    rows = undecided(results)
    if len(rows) > MAX_PAIRS:
        return [_count(rows, comb(len(results), 2))]
    lines = []
    for a, b, n in rows:
        names = f"{a.model} and {b.model}"
        if n is None:
            lines.append(
                f"{names} are so alike that a thousand trainings would not tell them apart."
            )
        else:
            lines.append(
                f"{names} are not told apart; if they differ as these trainings do, {n} of each"
                " would tell them apart (in 80% of cases)."
            )
    return lines


def _count(rows: list[tuple[ModelResults, ModelResults, int | None]], n_pairs: int) -> str:
    line = f"{len(rows)} of {n_pairs} pairs of models are not told apart."
    needed = sorted((n, a.model, b.model) for a, b, n in rows if n)
    if needed:
        (fewest, *first), (most, *last) = needed[0], needed[-1]
        line += (
            f" If they differ as these trainings do, {fewest} of each would tell"
            f" {join_words(first)} apart, and {most:,} {join_words(last)} (in 80% of cases)."
        )
    alike = len(rows) - len(needed)
    return line + f" For {alike} a thousand would not be enough." * (alike > 0)


def undecided(results: list[ModelResults]) -> list[tuple[ModelResults, ModelResults, int | None]]:
    """Pairs with several trainings each that the ranking does not tell apart.

    And how many trainings would do it; None: too many. At least one more than there are: that these
    should have been enough is no help.
    """
    apart = told_apart(results)
    pairs = list(combinations(range(len(results)), 2))
    rows = []
    for i, j in pairs:
        a, b = results[i], results[j]
        if (i, j) not in apart and a.replicates and b.replicates:
            fids = a.values("fid"), b.values("fid")
            n = trainings_needed(*fids, n_pairs=len(pairs))
            rows.append((a, b, n and max(n, 1 + min(map(len, fids)))))
    return rows


def _sources(group: list[ModelResults]) -> list[str]:
    """Whose FID another training moves by more than another sample of images."""
    parts = []
    for result in group:
        halves = [each.quality.halves.get("fid", []) for each in result.trainings]
        if all(halves):
            of = spread(result.values("fid"), halves)
            if of.training > of.sample:
                parts.append(f"{result.model} ({number(of.training)} against {number(of.sample)})")
    if not parts:
        return []
    return [
        "Another training moves the FID by more than another sample of images does: standard"
        f" deviations of {join_words(parts)}."
    ]
