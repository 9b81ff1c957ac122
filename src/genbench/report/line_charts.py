"""Charts of lines: losses, ROC and precision-recall curves, effects of hyperparameters."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .vega import (
    COLORS,
    GRAY,
    HIDDEN,
    POINTER_ONLY,
    Spec,
    named_colors,
    number_axis,
    palette,
    short,
    specification,
)

DASHES = {"training": [1, 0], "validation": [4, 3]}
UNIT: Spec = {"scale": {"domain": [0, 1]}, "axis": {"tickCount": 5}}


class Line(NamedTuple):
    """One line of a chart: its points, its color, dashed or not.

    band : the lowest and the highest value at each point, of several trainings
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    color: str
    dashed: bool = False
    band: tuple[Sequence[float], Sequence[float]] | None = None


def training_curves(lines: Sequence[Line], title: str) -> Spec:
    """Values over the images seen in training; the dashed lines are those of validation images."""
    chart = line_chart(
        lines,
        {"title": "images seen", "axis": number_axis(5)},
        {"title": title, "axis": number_axis(5), "scale": {"zero": False}},
    )
    return chart | {"usermeta": {"variants": [{"label": "log", "y": {"type": "symlog"}}]}}


def roc(rates: Mapping[str, tuple], colors: Mapping[str, str]) -> Spec:
    """ROC curves over the diagonal of guessing; rates: label -> (false, true positive rate)."""
    lines = [Line(label, x, y, colors[label]) for label, (x, y) in rates.items()]
    chart = line_chart(
        lines,
        {"title": "false positive rate"} | UNIT,
        {"title": "true positive rate"} | UNIT,
        height=260,
    )
    diagonal = {
        "data": {"values": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]},
        "mark": {"type": "line", "color": GRAY, "strokeDash": [2, 3], "strokeWidth": 1},
        "encoding": {axis: {"field": axis, "type": "quantitative"} for axis in ("x", "y")},
    }
    return chart | {"layer": [diagonal, *chart["layer"]]}


def precision_recall(curves: Mapping[str, tuple], colors: Mapping[str, str]) -> Spec:
    """Precision over recall; curves: label -> (recall, precision)."""
    return line_chart(
        [Line(label, x, y, colors[label]) for label, (x, y) in curves.items()],
        {"title": "recall"} | UNIT,
        {"title": "precision"} | UNIT,
        height=260,
    )


def rate_distortion(points: Sequence[tuple[float, float, str]]) -> Spec:
    """Distortion over rate, joined by a line; points: rate, distortion and the beta beside it."""
    rates, distortions, betas = zip(*points, strict=True)
    scale = {"zero": False, "padding": 34}
    chart = line_chart(
        [Line("beta_vae", rates, distortions, COLORS[0])],
        {"title": "rate, nats", "scale": scale},
        {"title": "distortion, nats", "scale": scale},
        height=260,
        marks=True,
    )
    for point, beta in zip(chart["data"]["values"], betas, strict=True):
        point["label"] = f"β {beta}"
    encoding = {axis: {"field": axis, "type": "quantitative"} for axis in ("x", "y")}
    text = {
        "mark": {"type": "text", "align": "left", "dx": 7, "dy": -6},
        "encoding": encoding | {"text": {"field": "label"}},
    }
    return chart | {"layer": [text, *chart["layer"]]}


def effect(lines: Mapping[str, list[tuple[int, float]]], title: str, hyperparameter: str) -> Spec:
    """A metric over a hyperparameter, on a logarithmic axis; lines: label -> (x, y) pairs."""
    colors = palette(len(lines))
    ticks = sorted({x for pairs in lines.values() for x, _ in pairs})
    return line_chart(
        [
            Line(label, [x for x, _ in pairs], [y for _, y in pairs], color)
            for (label, pairs), color in zip(lines.items(), colors, strict=True)
        ],
        {
            "title": hyperparameter,
            "scale": {"type": "log", "base": 2, "nice": False, "padding": 12},
            "axis": {"values": ticks, "format": "d"},
        },
        {"title": title, "axis": number_axis(5), "scale": {"zero": False}},
        marks=True,
    )


def line_chart(
    lines: Sequence[Line], x: Spec, y: Spec, *, height: int = 190, marks: bool = False
) -> Spec:
    """Lines with the points of which they answer a pointer.

    x, y : titles, scales and axes of the encodings; marks : whether the points are seen
    """
    data = [
        {"line": line.label, "set": _set(line), "x": short(a), "y": short(b)}
        for line in lines
        for a, b in zip(line.x, line.y, strict=True)
    ]
    colors = {line.label: line.color for line in lines}
    sets = sorted({_set(line) for line in lines})
    axes = {
        "x": {"field": "x", "type": "quantitative"} | x,
        "y": {"field": "y", "type": "quantitative"} | y,
    }
    color = named_colors(colors, list(colors.values()))
    dashes: Spec = {
        "field": "set",
        "type": "nominal",
        "scale": {"domain": sets, "range": [DASHES[name] for name in sets]},
        "legend": {} if "validation" in sets else None,
    }
    tooltip: list[dict[str, Any]] = [
        {"field": "line", "title": " "},
        {"field": "set", "title": " "},
        {"field": "x", "title": x["title"], "format": ",.4~g"},
        {"field": "y", "title": y["title"], "format": ",.4~g"},
    ]
    if "validation" not in sets:
        del tooltip[1]
    return specification(
        data,
        [
            {
                "mark": {"type": "line"},
                "encoding": axes
                | {
                    "color": color,
                    "strokeDash": dashes,
                    "order": {"value": None},
                    "opacity": {"condition": HIDDEN, "value": 1},
                },
            },
            {
                **({} if marks else {"name": POINTER_ONLY}),
                "mark": {"type": "point", "size": 40 if marks else 60},
                "encoding": axes
                | {
                    "color": color,
                    "opacity": {"condition": HIDDEN, "value": 1} if marks else {"value": 0},
                    "tooltip": tooltip,
                },
            },
            *_bands(lines, axes, color),
        ],
        height=height,
        zoom=True,
    )


def _bands(lines: Sequence[Line], axes: Spec, color: Spec) -> list[Spec]:
    """A layer of the bands, where lines have any."""
    data = [
        {"line": line.label, "set": _set(line), "x": short(x), "low": short(a), "high": short(b)}
        for line in lines
        if line.band
        for x, a, b in zip(line.x, *line.band, strict=True)
    ]
    if not data:
        return []
    return [
        {
            "data": {"values": data},
            "mark": {"type": "area", "tooltip": None},
            "encoding": {
                "x": axes["x"],
                "y": axes["y"] | {"field": "low"},
                "y2": {"field": "high"},
                "color": color,
                "detail": {"field": "set"},
                "opacity": {"condition": HIDDEN, "value": 0.18},
            },
        }
    ]


def _set(line: Line) -> str:
    return "validation" if line.dashed else "training"
