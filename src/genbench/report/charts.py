"""Charts of arrays: the only module that imports matplotlib (not pyplot: slow, with a state).

Line charts become SVG, clouds of points PNG at twice the size they are shown at. Equal arrays
give equal bytes. Sizes are CSS pixels.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator

CSS_DPI = 96
WIDTH = 350
GRAY = "#a0a0a0"
STYLE: dict[Any, Any] = {
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
    """Return n colors as #rrggbb, as different as n allows."""
    if n <= 10:
        return [to_hex(c) for c in colormaps["tab10"](np.arange(n))]
    if n <= 20:
        dark_first = np.arange(20).reshape(10, 2).T.ravel()
        return [to_hex(c) for c in colormaps["tab20"](dark_first[:n])]
    return [to_hex(c) for c in colormaps["gist_rainbow"](np.linspace(0, 1, n))]


def assign_colors(names: list[str]) -> dict[str, str]:
    """Give each name the color that it has in every chart."""
    return dict(zip(names, palette(len(names)), strict=True))


def histograms(
    path: Path, sets: dict[str, np.ndarray], score: str, threshold: float | None = None
) -> None:
    """Share of each set per bin; sets: label -> scores (N,). The outermost bins hold all beyond.

    A few extreme scores would otherwise press everything else into one bin.
    """
    low, high = np.quantile(np.concatenate(list(sets.values())), [0.002, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, 41)
    with axes(path, [*sets, "threshold"], "share of the set") as ax:
        for (label, values), color in zip(sets.items(), palette(len(sets)), strict=True):
            counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
            ax.stairs(counts / len(values), edges, fill=True, alpha=0.25, color=color)
            ax.stairs(counts / len(values), edges, linewidth=1.2, color=color, label=label)
        if threshold is not None:
            ax.axvline(threshold, color="black", linestyle=":", label="threshold")
        ax.xaxis.set_major_formatter(short_number)
        ax.set(xlabel=score, ylim=(0, None))


def embedding(path: Path, layers: list[tuple]) -> None:
    """A 2-D embedding, whose axes mean nothing; layers, bottom up: points (N, 2) and colors."""
    with axes(path, [], "", height=330, dpi=2 * CSS_DPI) as ax:
        for points, color in layers:
            ax.scatter(points[:, 0], points[:, 1], s=6, c=color, alpha=0.8, linewidths=0)
        ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        ax.set_position((0.01, 0.01, 0.98, 0.98))
        ax.spines[:].set_visible(True)


def bars(path: Path, values: list[float], title: str, x_label: str) -> None:
    """Values as bars in the order given, numbered."""
    with axes(path, [], title) as ax:
        ax.bar(range(1, 1 + len(values)), values, color=palette(1)[0])
        ax.grid(False, axis="x")
        ax.yaxis.set_major_formatter(short_number)
        locator = AutoLocator()
        locator.set_params(integer=True)
        ax.xaxis.set_major_locator(locator)
        ax.set(xlim=(0.4, len(values) + 0.6), xlabel=x_label)


def heat_map(
    path: Path,
    values: np.ndarray,
    rows: list,
    columns: list,
    title: str,
    x_label: str,
    y_label: str = "",
) -> None:
    """Numbers (R, C) as a grid of colored, annotated cells; NaN: not computed. Darker is higher."""
    longest = max((len(str(label)) for label in rows), default=0)
    width = 70 + 66 * max(4, len(columns))
    height = 64 + 40 * len(rows)
    left = max(44, 14 + 6 * longest)
    with axes(path, [], title, width=width, height=height, left=left) as ax:
        picture = ax.imshow(values, cmap="Blues", aspect="auto")
        ax.grid(False)
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(rows)), rows)
        ax.set(xlabel=x_label, ylabel=y_label)
        is_dark = np.asarray(picture.norm(values)) >= 0.6
        for row, column in np.ndindex(values.shape):
            value = values[row, column]
            text = "-" if np.isnan(value) else f"{value:.4g}"
            color = "w" if is_dark[row, column] else "k"
            ax.text(column, row, text, ha="center", va="center", color=color)


def short_number(value: float, _) -> str:
    """Format a tick's label so short that it fits in the margin."""
    unit, name = (1e6, "M") if abs(value) >= 1e6 else (1e3, "k") if abs(value) >= 1e4 else (1, "")
    return f"{value / unit:g}{name}".replace("-", "\N{MINUS SIGN}")


@contextmanager
def axes(
    path: Path,
    labels: list[str],
    title: str,
    *,
    width: int = WIDTH,
    height: int = 190,
    dpi: int = CSS_DPI,
    left: int = 44,
) -> Iterator[Axes]:
    """Yield empty axes with room for a legend of `labels`; what the block draws is saved.

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
