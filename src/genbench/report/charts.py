"""Charts from arrays: the only module that imports matplotlib (not pyplot: slow, with a state).

Line charts become SVG, clouds of points PNG at twice the size they are shown at. Equal arrays
give equal bytes. Sizes are CSS pixels.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

CSS_DPI = 96
WIDTH = 350
GREY = "#a0a0a0"
STYLE = {
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#777777",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "legend.columnspacing": 1.2,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
    "lines.linewidth": 1.5,
    "svg.hashsalt": "genbench",  # otherwise the ids in an SVG are random
}


def palette(n: int) -> list[str]:
    """n colours as #rrggbb, told apart as well as n allows."""
    if n <= 10:
        return [to_hex(c) for c in colormaps["tab10"].colors[:n]]
    if n <= 20:
        tab20 = colormaps["tab20"].colors
        return [to_hex(c) for c in (*tab20[::2], *tab20[1::2])][:n]
    return [to_hex(c) for c in colormaps["gist_rainbow"](np.linspace(0, 1, n))]


class Line(NamedTuple):
    """One line of a chart: its points, its place in the palette, dashed or not."""

    label: str
    x: list[float]
    y: list[float]
    colour: int
    dashed: bool


def colours(names: list[str]) -> dict[str, str]:
    """Each name has the same colour in every chart."""
    return dict(zip(names, palette(len(names)), strict=True))


def curves(path: Path, lines: list[Line], what: str) -> None:
    """Values over the images seen in training; the dashed lines are called "validation"."""
    labels = [n.label for n in lines if not n.dashed]
    labels += ["validation"] * (len(labels) < len(lines))
    with _axes(path, labels, what) as ax:
        for n in lines:
            style = {"linestyle": "--" if n.dashed else "-", "color": f"C{n.colour}"}
            ax.plot(n.x, n.y, label=None if n.dashed else n.label, **style)
        if "validation" in labels:
            ax.plot([], [], "--", color="#777777", label="validation")
        ax.yaxis.set_major_formatter(_short)
        ax.xaxis.set_major_formatter(_short)
        ax.set(xlabel="images seen", xlim=(0, None))


def histograms(path: Path, sets: dict, score: str, threshold: float | None = None) -> None:
    """Share of each set per bin; sets: label -> scores (N,). The outermost bins hold all beyond.

    A few extreme scores would otherwise press everything else into one bin.
    """
    low, high = np.quantile(np.concatenate(list(sets.values())), [0.002, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, 41)
    with _axes(path, [*sets, "threshold"], "share of the set") as ax:
        for (label, values), colour in zip(sets.items(), palette(len(sets)), strict=True):
            counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
            ax.stairs(counts / len(values), edges, fill=True, alpha=0.25, color=colour)
            ax.stairs(counts / len(values), edges, linewidth=1.2, color=colour, label=label)
        if threshold is not None:
            ax.axvline(threshold, color="black", linestyle=":", label="threshold")
        ax.xaxis.set_major_formatter(_short)
        ax.set(xlabel=score, ylim=(0, None))


def roc(path: Path, rates: dict, colours: dict) -> None:
    """ROC curves over the diagonal of guessing; rates: label -> (false, true positive rate)."""
    with _axes(path, list(rates), "true positive rate", height=250) as ax:
        ax.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
        for i, (label, (false, true)) in enumerate(rates.items()):
            width = 3.6 - 2.4 * i / len(rates)  # the later, the thinner: equal curves hide none
            ax.plot(false, true, label=label, color=colours[label], linewidth=width)
        ax.set(xlabel="false positive rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def precision_recall(path: Path, lines: dict, colours: dict) -> None:
    """Precision over recall; lines: label -> (recall, precision)."""
    with _axes(path, list(lines), "precision", height=250) as ax:
        for i, (label, (recall, precision)) in enumerate(lines.items()):
            width = 3.6 - 2.4 * i / len(lines)
            ax.plot(recall, precision, label=label, color=colours[label], linewidth=width)
        ax.set(xlabel="recall", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def points(path: Path, layers: list) -> None:
    """A 2-D map whose axes mean nothing; layers, bottom up: points (N, 2) and their colour(s)."""
    with _axes(path, [], "", height=330, dpi=2 * CSS_DPI) as ax:
        for xy, colour in layers:
            ax.scatter(*xy.T, s=6, c=colour, alpha=0.8, linewidths=0)
        ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        ax.set_position((0.01, 0.01, 0.98, 0.98))
        ax.spines[:].set_visible(True)


def bars(path: Path, values: list[float], what: str, of: str) -> None:
    """Values as bars in the order given, numbered; `of`: what they belong to."""
    with _axes(path, [], what) as ax:
        ax.bar(range(1, 1 + len(values)), values, color=palette(1)[0])
        ax.grid(False, axis="x")
        ax.yaxis.set_major_formatter(_short)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlim=(0.4, len(values) + 0.6), xlabel=of)


def rate_distortion(path: Path, points: list[tuple[float, float, str]]) -> None:
    """Distortion over rate, joined by a line; points: rate, distortion and the beta beside it."""
    with _axes(path, [], "distortion, nats", height=250) as ax:
        rates, distortions, names = zip(*points, strict=True)
        ax.plot(rates, distortions, marker="o", markersize=4)
        for x, y, name in points:
            ax.annotate(f"β {name}", (x, y), (6, 4), textcoords="offset points")
        ax.margins(0.12)
        ax.set(xlabel="rate, nats")


def effect(path: Path, lines: dict[str, list[tuple]], what: str, choice: str) -> None:
    """A value over a choice, on a logarithmic axis; lines: label -> (choice, value) pairs."""
    with _axes(path, list(lines), what) as ax:
        for i, (label, pairs) in enumerate(lines.items()):
            width = 3.6 - 2.4 * i / len(lines)
            ax.plot(
                *zip(*pairs, strict=True), marker="o", markersize=4, linewidth=width, label=label
            )
        at = sorted({x for pairs in lines.values() for x, _ in pairs})
        ax.set_xscale("log", base=2)
        ax.set_xticks(at, labels=at)
        ax.set_xticks([], minor=True)
        ax.yaxis.set_major_formatter(_short)
        ax.margins(0.08)
        ax.set(xlabel=choice)


def heat_map(path: Path, values: np.ndarray, rows: list, columns: list, names: dict) -> None:
    """Numbers (R, C) as a grid of coloured, annotated cells; NaN: not computed.

    names: what `value`, `rows` and `columns` are. Darker is higher.
    """
    size = {"width": 70 + 66 * max(4, len(columns)), "height": 64 + 40 * len(rows)}
    words = max((len(str(label)) for label in rows), default=0)
    with _axes(path, [], names["value"], **size, left=max(44, 14 + 6 * words)) as ax:
        picture = ax.imshow(values, cmap="Blues", aspect="auto")
        ax.grid(False)
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(rows)), rows)
        ax.set(xlabel=names["columns"], ylabel=names["rows"])
        for (row, column), value in np.ndenumerate(values):
            bright = np.isnan(value) or picture.norm(value) < 0.6
            text = "-" if np.isnan(value) else f"{value:.4g}"
            ax.text(column, row, text, ha="center", va="center", color="k" if bright else "w")


def _short(value: float, _) -> str:
    """A tick's label: short enough for the margin."""
    unit, name = (1e6, "M") if abs(value) >= 1e6 else (1e3, "k") if abs(value) >= 1e4 else (1, "")
    return f"{value / unit:g}{name}".replace("-", "\N{MINUS SIGN}")


@contextmanager
def _axes(
    path: Path,
    labels: list[str],
    title: str,
    *,
    width: int = WIDTH,
    height: int = 190,
    dpi: int = CSS_DPI,
    left: int = 44,
) -> Iterator[Axes]:
    """Empty axes with room for a legend of `labels`; what the block draws is saved.

    The margins are fixed: charts in a row line up, and automatic layout would take half the time.
    """
    longest = max(map(len, labels), default=0)
    columns = 3 if longest <= 11 else 2 if longest <= 22 else 1
    top = 24 + (17 * -(-len(labels) // columns) if len(labels) > 1 else 0)
    height += top
    with rc_context(STYLE):
        figure = Figure((width / CSS_DPI, height / CSS_DPI))
        margins = {"left": left / width, "right": 1 - 8 / width, "bottom": 40 / height}
        figure.subplots_adjust(**margins, top=1 - top / height)
        ax = figure.subplots()
        ax.set_title(title, loc="left", fontsize=8.5, pad=7)
        yield ax
        if len(labels) > 1:
            figure.legend(loc="upper left", ncols=columns, borderaxespad=0.2)
        # matplotlib dates an SVG unless told not to
        figure.savefig(path, dpi=dpi, metadata={"Date": None} if path.suffix == ".svg" else {})
