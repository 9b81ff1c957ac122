"""Tables of metrics as plain data: which columns there are, and what each cell shows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..results.metric import Metric
from ..utils.record import Estimate, Number
from .formatting import DASH, decimals, number, probability


class Row(NamedTuple):
    """What is known of one thing, by the keys of metrics; `rank` and `detail` are set small."""

    name: str
    values: Mapping[str, Estimate | Number | None]
    rank: str = ""
    detail: str = ""


class Cell(NamedTuple):
    """A number as it is shown, with its interval; `best` of its column, `reversed` below chance."""

    text: str
    value: Number | None
    interval: str | None
    best: bool
    reversed: bool


class FormattedRow(NamedTuple):
    """A row and its cells, one per column."""

    row: Row
    cells: tuple[Cell, ...]


class Table(NamedTuple):
    """Rows under the name of what they are; `references` stand above and do not compete."""

    first: str
    metrics: list[Metric]
    references: list[FormattedRow]
    rows: list[FormattedRow]


def make_table(
    metrics: Sequence[Metric],
    rows: Sequence[Row],
    *,
    first: str,
    references: Sequence[Row] = (),
) -> Table:
    """A column per metric that any of the rows has.

    first : what a row is
    """
    metrics = [m for m in metrics if any(row.values.get(m.key) is not None for row in rows)]
    everything = [*references, *rows]
    columns = [_cells(metric, everything, len(references)) for metric in metrics]
    formatted = [
        FormattedRow(row, tuple(column[i] for column in columns))
        for i, row in enumerate(everything)
    ]
    return Table(
        first=first,
        metrics=metrics,
        references=formatted[: len(references)],
        rows=formatted[len(references) :],
    )


def column_texts(metric: Metric, values: Sequence[Number | None]) -> list[str]:
    """The numbers of a column as they are shown."""
    if metric.decimals == "each":
        return [number(value) for value in values]
    if metric.decimals == "p":
        return [DASH if value is None else probability(value) for value in values]
    places = metric.decimals
    if places is None:
        places = decimals([value for value in values if value is not None])
    return [number(value, places) for value in values]


def _cells(metric: Metric, rows: Sequence[Row], n_references: int) -> list[Cell]:
    """A column's cells; what looks like the best of all but the first rows is the best."""
    estimates = [_estimate(row.values.get(metric.key)) for row in rows]
    values = [None if estimate is None else estimate.value for estimate in estimates]
    texts = column_texts(metric, values)
    competing = slice(n_references, None)
    best = None if metric.caveat else _best_text(metric, texts[competing], values[competing])
    return [
        Cell(
            text=text,
            value=value,
            interval=_interval(metric, estimate),
            best=i >= n_references and text == best,
            reversed=value is not None and metric.chance is not None and value < metric.chance,
        )
        for i, (text, value, estimate) in enumerate(zip(texts, values, estimates, strict=True))
    ]


def _estimate(value: Estimate | Number | None) -> Estimate | None:
    return value if value is None or isinstance(value, Estimate) else Estimate(value=value)


def _best_text(metric: Metric, texts: list[str], values: list[Number | None]) -> str | None:
    """How the best value looks; None where neither way is better or all look the same."""
    choose = {"lower": min, "higher": max}.get(metric.better)
    if choose is None or len({*texts} - {DASH}) < 2:
        return None
    return texts[values.index(choose(value for value in values if value is not None))]


def _interval(metric: Metric, estimate: Estimate | None) -> str | None:
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    places = metric.decimals
    if not isinstance(places, int):
        places = decimals([max(abs(estimate.low), abs(estimate.high))])
    return f"{number(estimate.low, places)} to {number(estimate.high, places)}"
