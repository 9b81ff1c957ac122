"""Vega-Lite specifications: the one description of a chart, for page, print and paper.

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
    return frame(data) | {
        **({"title": title} if title else {}),
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "layer": [layers[0] | {"params": params}, *layers[1:]],
    }


def frame(data: list[dict]) -> Spec:
    """What every specification begins with."""
    schema = "https://vega.github.io/schema/vega-lite/v6.json"
    return {"$schema": schema, "data": {"values": data}}


def number_axis(ticks: int) -> Spec:
    """About so many ticks, labeled 0, 50k, 1.5M."""
    label = "format(datum.value, abs(datum.value) < 1e4 ? '~r' : '~s')"
    return {"tickCount": ticks, "labelExpr": label}


def short(value: float | np.floating) -> float | None:
    """Six significant digits, which no pixel shows; None for what is not finite."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
