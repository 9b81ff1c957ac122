"""A row of the table of metrics."""

from math import inf
from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """What a number of the results is called, and how it is to be read.

    better : "lower", "higher", or "" where neither is
    decimals : as shown; None: three significant digits of the smallest in a column;
        "each": of each; "p": two of each, as a p-value
    chance : the value of guessing; a detector below it is reversed
    headline : whether `metrics/summary.json`, `dvc metrics diff` and MLflow's metrics show it
    by_extractor : whether the number depends on the network that extracts features
    caveat : why the number means nothing on this dataset, where it does
    limits : that no value can exceed, nor an interval
    """

    key: str
    label: str
    better: Literal["lower", "higher", ""] = ""
    note: str | None = None
    decimals: int | Literal["each", "p"] | None = None
    chance: float | None = None
    headline: bool = False
    by_extractor: bool = False
    caveat: str | None = None
    limits: tuple[float, float] = (-inf, inf)


def rate(
    key: str,
    label: str,
    note: str | None = None,
    *,
    better: Literal["lower", "higher", ""] = "higher",
    chance: float | None = None,
    headline: bool = False,
    by_extractor: bool = False,
    limits: tuple[float, float] = (0.0, 1.0),
) -> Metric:
    """A number between 0 and 1 or so, shown with three decimals."""
    return Metric(key, label, better, note, 3, chance, headline, by_extractor, limits=limits)
