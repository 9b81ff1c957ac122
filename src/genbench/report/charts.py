"""Charts of arrays: histograms, embeddings, bars, heat maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .vega import (
    COLORS,
    GRAY,
    HIDDEN,
    Spec,
    named_colors,
    number_axis,
    palette,
    short,
    specification,
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

    points : `x`, `y`, `line` (a name in `colors`), `from` (another name, to show), `is_real` (a
        dot, others are crosses), `image` (its place in the sheet of `gallery.sprite`)
    """
    color = named_colors(colors, list(colors.values()), symbol="circle")
    tooltip = [
        {"field": "line", "title": " "},
        {"field": "from", "title": "  "},
        {"field": "image"},
    ]
    return specification(
        [dict(point) for point in points],
        [
            {
                "mark": {"type": "point", "size": 18},
                "encoding": {
                    "x": {"field": "x", "type": "quantitative", "axis": None},
                    "y": {"field": "y", "type": "quantitative", "axis": None},
                    "color": color if legend else color | {"legend": None},
                    "shape": {
                        "condition": {"test": "datum.is_real", "value": "circle"},
                        "value": "cross",
                    },
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
        "sort": list(map(str, columns)),
        "title": x_title,
        "axis": {"labelAngle": 0},
    }
    y = {
        "field": "row",
        "type": "ordinal",
        "sort": list(map(str, rows)),
        "title": y_title or None,
    }
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
