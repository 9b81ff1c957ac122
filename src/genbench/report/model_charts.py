"""Charts of all models: their intervals on one axis, their quality against their cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from .vega import GRAY, Spec, named_colors, number_axis, specification

BAR = "M-0.12,-1L0.12,-1L0.12,1L-0.12,1Z"
"""The symbol of a single training, as a path in a square from -1 to 1."""


def intervals(rows: Sequence[Mapping[str, Any]], title: str) -> Spec:
    """A line per name, top down, with its values on one axis.

    rows : one per value: `name`, `value`, `low` and `high` (None without an interval), `color`;
        several rows of one name are several points on its line, those with `is_training`, of single
        trainings, thin ones
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

    def of_training(value: Any, other: Any) -> Spec:
        return {"condition": {"test": "datum.is_training", "value": value}, "value": other}

    spans = {"x": x | {"field": "low"}, "x2": {"field": "high"}}
    return specification(
        data,
        [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55},
                "encoding": {**spans, "y": y, "color": color, "tooltip": tooltip},
            },
            {
                "mark": {"type": "point", "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": color,
                    "shape": of_training(BAR, "circle"),
                    "size": of_training(120, 70),
                    "tooltip": tooltip,
                },
            },
        ],
        width=560,
        height=50 + 26 * len({row["name"] for row in data}),
    )


def ranks(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """How often each model has each place, as bars on top of each other.

    rows : `name`, `place` from 1, `share`, `color`
    """
    y = {"field": "share", "type": "quantitative", "title": "share", "axis": {"format": "%"}}
    return specification(
        [dict(row) for row in rows],
        [
            {
                "mark": {"type": "bar"},
                "encoding": {
                    "x": {
                        "field": "place",
                        "type": "ordinal",
                        "title": "place",
                        "axis": {"labelAngle": 0},
                    },
                    "y": y,
                    "color": named_colors(
                        list(dict.fromkeys(row["name"] for row in rows)),
                        list(dict.fromkeys(row["color"] for row in rows)),
                        symbol="square",
                    )
                    | {"field": "name"},
                    "tooltip": [
                        {"field": "name", "title": " "},
                        {"field": "place"},
                        {"field": "share", "format": ".1%"},
                    ],
                },
            }
        ],
        height=240,
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
        "axis": number_axis(4) | {"labelOverlap": "greedy", "labelSeparation": 8},
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
