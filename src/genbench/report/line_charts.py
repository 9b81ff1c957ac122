"""Charts of lines: losses, ROC and precision-recall curves, effects of hyperparameters."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .charts import GRAY, axes, short_number


class Line(NamedTuple):
    """One line of a chart: its points, its place in the palette, dashed or not."""

    label: str
    x: list[float]
    y: list[float]
    color: int
    dashed: bool


def training_curves(path: Path, lines: list[Line], title: str) -> None:
    """Values over the images seen in training; the dashed lines are called "validation"."""
    labels = [line.label for line in lines if not line.dashed]
    labels += ["validation"] * (len(labels) < len(lines))
    with axes(path, labels, title) as ax:
        for line in lines:
            ax.plot(
                line.x,
                line.y,
                label=None if line.dashed else line.label,
                linestyle="--" if line.dashed else "-",
                color=f"C{line.color}",
            )
        if "validation" in labels:
            ax.plot([], [], "--", color="#777777", label="validation")
        ax.yaxis.set_major_formatter(short_number)
        ax.xaxis.set_major_formatter(short_number)
        ax.set(xlabel="images seen", xlim=(0, None))


def roc(path: Path, rates: dict[str, tuple], colors: dict[str, str]) -> None:
    """ROC curves over the diagonal of guessing; rates: label -> (false, true positive rate)."""
    with axes(path, list(rates), "true positive rate", height=250) as ax:
        ax.plot([0, 1], [0, 1], color=GRAY, linestyle=":", linewidth=1)
        for i, (label, (false, true)) in enumerate(rates.items()):
            width = _line_width(i, len(rates))
            ax.plot(false, true, label=label, color=colors[label], linewidth=width)
        ax.set(xlabel="false positive rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def precision_recall(path: Path, lines: dict[str, tuple], colors: dict[str, str]) -> None:
    """Precision over recall; lines: label -> (recall, precision)."""
    with axes(path, list(lines), "precision", height=250) as ax:
        for i, (label, (recall, precision)) in enumerate(lines.items()):
            width = _line_width(i, len(lines))
            ax.plot(recall, precision, label=label, color=colors[label], linewidth=width)
        ax.set(xlabel="recall", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def rate_distortion(path: Path, points: list[tuple[float, float, str]]) -> None:
    """Distortion over rate, joined by a line; points: rate, distortion and the beta beside it."""
    with axes(path, [], "distortion, nats", height=250) as ax:
        rates, distortions, _ = zip(*points, strict=True)
        ax.plot(rates, distortions, marker="o", markersize=4)
        for rate, distortion, beta in points:
            ax.annotate(f"β {beta}", (rate, distortion), (6, 4), textcoords="offset points")
        ax.margins(0.12)
        ax.set(xlabel="rate, nats")


def effect(
    path: Path, lines: dict[str, list[tuple[int, float]]], title: str, hyperparameter: str
) -> None:
    """A metric over a hyperparameter, on a logarithmic axis; lines: label -> (x, y) pairs."""
    with axes(path, list(lines), title) as ax:
        for i, (label, pairs) in enumerate(lines.items()):
            width = _line_width(i, len(lines))
            x, y = np.array(pairs).T
            ax.plot(x, y, marker="o", markersize=4, linewidth=width, label=label)
        ticks = sorted({x for pairs in lines.values() for x, _ in pairs})
        ax.set_xscale("log", base=2)
        ax.set_xticks(ticks, labels=[str(x) for x in ticks])
        ax.set_xticks([], minor=True)
        ax.yaxis.set_major_formatter(short_number)
        ax.margins(0.08)
        ax.set(xlabel=hyperparameter)


def _line_width(i: int, n: int) -> float:
    """The later, the thinner: of equal curves none is hidden."""
    return 3.6 - 2.4 * i / n
