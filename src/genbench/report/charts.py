"""Charts as Vega-Lite specifications: the one description of each, for page, print and paper.

A specification is plain data; `gallery` draws it, and the page's script draws it again where a
pointer can ask it. Its lines and points are named by the field `line`, which a legend hides.
Sizes are CSS pixels.
"""

import colorsys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Spec = dict[str, Any]

WIDTH = 340
GRAY = "#8a8f98"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first is built into vl-convert, so that a legend is as wide on every machine."""
CONFIG: Spec = {
    "font": FONT,
    "background": "transparent",
    "view": {"stroke": None},
    "title": {"anchor": "start", "fontSize": 12, "fontWeight": "normal", "offset": 6},
    "axis": {
        "gridColor": "#e6e6e6",
        "domainColor": "#777777",
        "tickColor": "#777777",
        "titleFontWeight": "normal",
        "tickSize": 4,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "columns": 3,
        "labelLimit": 130,
        "symbolType": "stroke",
        "symbolStrokeWidth": 3,
        "unselectedOpacity": 1,  # what is selected is hidden
        "layout": {"top": {"direction": "vertical", "anchor": "start", "margin": 2}},
    },
    "line": {"strokeWidth": 1.6},
    "point": {"filled": True},
}
COLORS = (
    *("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"),
    *("#ee8866", "#7766cc", "#44aa99", "#aa7744", "#999933", "#dd99cc"),
)
"""The bright scheme of Tol 2021 (SRON/EPS/TN/09-002 3.2), safe for the color-blind, and six more
that are seen on white and on black."""


def palette(n: int) -> list[str]:
    """Return n colors as #rrggbb; up to 6 of them safe for the color-blind."""
    if n <= len(COLORS):
        return list(COLORS[:n])
    rgb = [colorsys.hls_to_rgb(i / n, (0.4, 0.6)[i % 2], 0.7) for i in range(n)]
    return ["#" + "".join(f"{round(255 * value):02x}" for value in color) for color in rgb]


def assign_colors(names: Sequence[str]) -> dict[str, str]:
    """Give each name the color that it has in every chart."""
    return dict(zip(names, palette(len(names)), strict=True))


def intervals(rows: Sequence[Mapping[str, Any]], title: str) -> Spec:
    """A line per name, top down, with its values on one axis.

    rows : one per value: `name`, `value`, `low` and `high` (None without an interval), `color`;
        several rows of one name, as of several trainings, are several points on its line
    """
    y = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 220, "grid": True, "domain": False, "ticks": False},
    }
    color = {"field": "color", "type": "nominal", "scale": None}
    tooltip = [
        {"field": "name", "title": " "},
        {"field": "value", "title": title, "format": ".4~g"},
        {"field": "interval", "title": "95% interval"},
    ]
    data = [
        row | {"interval": "–" if row["low"] is None else f"{row['low']:.4g} to {row['high']:.4g}"}
        for row in map(dict, rows)
    ]
    x = {
        "field": "value",
        "type": "quantitative",
        "title": title,
        "scale": {"type": "sqrt"},  # noise stands far from what is to be told apart
        "axis": number_axis(8) | {"labelOverlap": "greedy"},
    }
    spans = {"x": x | {"field": "low"}, "x2": {"field": "high"}}
    return specification(
        data,
        [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55},
                "encoding": {**spans, "y": y, "color": color, "tooltip": tooltip},
            },
            {
                "mark": {"type": "point", "size": 70, "opacity": 1},
                "encoding": {"x": x, "y": y, "color": color, "tooltip": tooltip},
            },
        ],
        width=560,
        height=50 + 26 * len({row["name"] for row in data}),
    )


def trade_off(rows: Sequence[Mapping[str, Any]], x_title: str, y_title: str) -> Spec:
    """Lower y for lower x: models as named points, joined where no other has both lower.

    rows : `name`, `x` (above 0), `y`, `color`
    """
    front: list[Mapping] = []
    for row in sorted(rows, key=lambda row: (row["x"], row["y"])):
        if not front or row["y"] < front[-1]["y"]:
            front.append(row)
    x = {
        "field": "x",
        "type": "quantitative",
        "title": x_title,
        "scale": {"type": "log", "nice": False, "padding": 40},
        "axis": number_axis(4) | {"labelOverlap": "greedy"},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": y_title,
        "scale": {"zero": False, "padding": 14},
    }
    tooltip = [
        {"field": "name", "title": " "},
        {"field": "x", "title": x_title, "format": ",.4~g"},
        {"field": "y", "title": y_title, "format": ".4~g"},
    ]
    return specification(
        [dict(row) for row in rows],
        [
            {
                "data": {"values": [dict(row) for row in front]},
                "mark": {"type": "line", "color": GRAY, "strokeDash": [4, 3], "strokeWidth": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "mark": {"type": "point", "size": 70, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": {"field": "color", "type": "nominal", "scale": None},
                    "tooltip": tooltip,
                },
            },
            {
                "mark": {"type": "text", "align": "center", "dy": -11},
                "encoding": {"x": x, "y": y, "text": {"field": "name"}},
            },
        ],
        height=260,
        zoom=True,
    )


def histograms(sets: Mapping[str, np.ndarray], score: str, threshold: float | None = None) -> Spec:
    """Share of each set per bin; sets: label -> scores (N,). The outermost bins hold all beyond.

    A few extreme scores would otherwise press everything else into one bin.
    """
    low, high = np.quantile(np.concatenate(list(sets.values())), [0.002, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, 41)
    data = []
    for label, values in sets.items():
        counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
        data += [
            {"line": label, "from": short(a), "to": short(b), "share": short(n / len(values))}
            for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
        ]
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "binSpacing": 0},
            "encoding": {
                "x": {
                    "field": "from",
                    "type": "quantitative",
                    "title": score,
                    "bin": {"binned": True},
                    "axis": number_axis(5),
                },
                "x2": {"field": "to"},
                "y": {
                    "field": "share",
                    "type": "quantitative",
                    "stack": None,
                    "title": "share of the set",
                    "axis": {"tickCount": 4},
                },
                "color": named_colors(sets, palette(len(sets)), symbol="square"),
                "opacity": {"condition": HIDDEN, "value": 0.5},
                "tooltip": [
                    {"field": "line", "title": " "},
                    {"field": "from", "title": f"{score} from", "format": ".4~g"},
                    {"field": "to", "format": ".4~g"},
                    {"field": "share", "format": ".1%"},
                ],
            },
        }
    ]
    if threshold is not None:
        layers.append(
            {
                "data": {"values": [{"threshold": short(threshold)}]},
                "mark": {"type": "rule", "strokeDash": [2, 2], "color": GRAY, "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "threshold", "type": "quantitative"},
                    "tooltip": [{"field": "threshold", "format": ".4~g"}],
                },
            }
        )
    return specification(data, layers)


def embedding(
    points: Sequence[Mapping[str, Any]], colors: Mapping[str, str], legend: bool = True
) -> Spec:
    """A 2-D embedding, whose axes mean nothing.

    points : `x`, `y`, `line` (a name in `colors`), `image` (its place in the sheet of
        `gallery.sprite`), and words to show
    """
    color = named_colors(colors, list(colors.values()), symbol="circle")
    words = [key for key in points[0] if key not in ("x", "y", "line")]
    tooltip = [{"field": "line", "title": " "}, *({"field": word} for word in words)]
    return specification(
        [dict(point) for point in points],
        [
            {
                "mark": {"type": "circle", "size": 18},
                "encoding": {
                    "x": {"field": "x", "type": "quantitative", "axis": None},
                    "y": {"field": "y", "type": "quantitative", "axis": None},
                    "color": color if legend else color | {"legend": None},
                    "opacity": {"condition": HIDDEN, "value": 0.8},
                    "tooltip": tooltip,
                },
            }
        ],
        height=340,
        zoom=True,
    )


def bars(values: Sequence[float], title: str, x_title: str) -> Spec:
    """Values as bars in the order given, numbered."""
    return specification(
        [{"x": i, "y": short(value)} for i, value in enumerate(values, 1)],
        [
            {
                "mark": {"type": "bar", "color": COLORS[0], "tooltip": True},
                "encoding": {
                    "x": {
                        "field": "x",
                        "type": "ordinal",
                        "title": x_title,
                        "axis": {"labelAngle": 0, "labelOverlap": True},
                    },
                    "y": {
                        "field": "y",
                        "type": "quantitative",
                        "title": title,
                        "axis": number_axis(4),
                    },
                },
            }
        ],
    )


def heat_map(
    values: np.ndarray,
    rows: Sequence,
    columns: Sequence,
    title: str,
    x_title: str,
    y_title: str = "",
) -> Spec:
    """Numbers (R, C) as a grid of colored, annotated cells; NaN: not computed. Darker is higher."""
    known = values[np.isfinite(values)]
    middle = known.min() + 0.6 * np.ptp(known) if known.size else 0.0
    data = [
        {
            "row": str(rows[i]),
            "column": str(columns[j]),
            "value": short(float(values[i, j])),
            "text": "–" if np.isnan(values[i, j]) else f"{values[i, j]:.4g}",
            "is_dark": bool(values[i, j] >= middle),
        }
        for i, j in np.ndindex(values.shape)
    ]
    x = {
        "field": "column",
        "type": "ordinal",
        "sort": None,
        "title": x_title,
        "axis": {"labelAngle": 0},
    }
    y = {"field": "row", "type": "ordinal", "sort": None, "title": y_title or None}
    tooltip = [
        {"field": "row", "title": y_title or " "},
        {"field": "column", "title": x_title},
        {"field": "text", "title": title},
    ]
    fill = {
        "field": "value",
        "type": "quantitative",
        "scale": {"scheme": "blues"},
        "legend": None,
    }
    text_color = {"condition": {"test": "datum.is_dark", "value": "white"}, "value": "black"}
    return specification(
        data,
        [
            {"mark": "rect", "encoding": {"x": x, "y": y, "color": fill, "tooltip": tooltip}},
            {
                "mark": {"type": "text", "tooltip": None},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}, "color": text_color},
            },
        ],
        title=title,
        width=70 + 66 * max(3, len(columns)),
        height=70 + 36 * len(rows),
    )


POINTER_ONLY = "pointer"
"""Name of a layer that nobody sees, whose points answer a pointer."""
HIDDEN: Spec = {"param": "hidden", "empty": False, "value": 0}
"""Of an opacity: what a click on the legend has hidden."""


def named_colors(labels: Sequence[str] | Mapping, colors: Sequence[str], symbol: str = "") -> Spec:
    """The color of the field `line`; its legend, where there is more than one."""
    legend = {"symbolType": symbol, "symbolStrokeWidth": 0} if symbol else {}
    return {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": list(labels), "range": list(colors)},
        "legend": legend if len(labels) > 1 else None,
    }


def specification(
    data: list[dict],
    layers: list[Spec],
    *,
    title: str | None = None,
    width: int = WIDTH,
    height: int = 170,
    zoom: bool = False,
) -> Spec:
    """Layers over the same data.

    zoom : by shift and the wheel; dragging moves, a double click resets
    """
    select: Spec = {"type": "point", "fields": ["line"], "toggle": "true"}
    params = [{"name": "hidden", "select": select, "bind": "legend"}]
    if zoom:
        select = {"type": "interval", "zoom": "wheel![event.shiftKey]"}
        params.append({"name": "zoom", "select": select, "bind": "scales"})
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        **({"title": title} if title else {}),
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "data": {"values": data},
        "layer": [layers[0] | {"params": params}, *layers[1:]],
    }


def number_axis(ticks: int) -> Spec:
    """About so many ticks, labeled 0, 50k, 1.5M."""
    label = "format(datum.value, abs(datum.value) < 1e4 ? '~r' : '~s')"
    return {"tickCount": ticks, "labelExpr": label}


def short(value: float | np.floating) -> float | None:
    """Six significant digits, which no pixel shows; None for what is not finite."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
