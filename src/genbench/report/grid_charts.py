"""The chart of a grid of trainings: its cells, and lines over each axis, which answer together."""

from collections.abc import Mapping, Sequence

from .vega import Spec, frame, number_axis, palette, short


def grid(
    values: Mapping[tuple[int, int], float], rows: Sequence[int], columns: Sequence[int], title: str
) -> Spec:
    """Numbers by latent_dim and width; a pointer on a cell or a point marks it in all parts.

    values : by (latent_dim, width); what is missing was not run. Darker is higher
    """
    known = list(values.values())
    middle = min(known) + 0.6 * (max(known) - min(known))
    data = [
        {
            "latent_dim": row,
            "width": column,
            "value": short(values[row, column]) if (row, column) in values else None,
            "text": f"{values[row, column]:.4g}" if (row, column) in values else "–",
            "is_dark": values.get((row, column), middle - 1) >= middle,
        }
        for row in rows
        for column in columns
    ]
    names = ["grid"]
    parts = [_cells(title, len(rows), len(columns))]
    for axis, ticks, other, lines in (
        ("latent_dim", rows, "width", columns),
        ("width", columns, "latent_dim", rows),
    ):
        if len({at[axis == "width"] for at in values}) > 1:
            names.append(f"over_{axis}")
            parts.append(_lines(axis, ticks, other, lines, title, names[-1]))
    select = {
        "type": "point",
        "on": "pointerover",
        "clear": "pointerout",
        "fields": ["latent_dim", "width"],
    }
    return frame(data) | {
        "params": [{"name": "cell", "select": select, "views": names}],
        "hconcat": parts,
        "resolve": {"scale": {"color": "independent"}},
    }


def highlight(marked: float, other: float) -> Spec:
    """A number of what a pointer marks, and of the rest."""
    return {"condition": {"param": "cell", "empty": False, "value": marked}, "value": other}


def _tooltip(title: str) -> list[Spec]:
    return [
        {"field": "latent_dim"},
        {"field": "width"},
        {"field": "text", "title": title},
    ]


def _cells(title: str, rows: int, columns: int) -> Spec:
    axes = {
        "x": {"field": "width", "type": "ordinal", "axis": {"labelAngle": 0}},
        "y": {"field": "latent_dim", "type": "ordinal"},
    }
    color = {
        "field": "value",
        "type": "quantitative",
        "scale": {"scheme": "blues"},
        "legend": None,
    }
    text_color = {"condition": {"test": "datum.is_dark", "value": "white"}, "value": "black"}
    return {
        "title": title,
        "width": 66 * columns,
        "height": max(150, 36 * rows),
        "layer": [
            {
                "name": "grid",
                "mark": {"type": "rect", "stroke": "#ee6677"},
                "encoding": axes
                | {
                    "color": color,
                    "strokeWidth": highlight(3, 0),
                    "tooltip": _tooltip(title),
                },
            },
            {
                "mark": {"type": "text", "tooltip": None},
                "encoding": axes | {"text": {"field": "text"}, "color": text_color},
            },
        ],
    }


def _lines(
    axis: str, ticks: Sequence[int], other: str, lines: Sequence[int], title: str, name: str
) -> Spec:
    """The numbers over one axis, a line per value of the other."""
    encoding = {
        "x": {
            "field": axis,
            "type": "quantitative",
            "scale": {"type": "log", "base": 2, "nice": False, "padding": 12},
            "axis": {"values": list(ticks), "format": "d"},
        },
        "y": {
            "field": "value",
            "type": "quantitative",
            "title": title,
            "axis": number_axis(5),
            "scale": {"zero": False},
        },
        "color": {
            "field": other,
            "type": "nominal",
            "scale": {"domain": list(lines), "range": palette(len(lines))},
            "legend": {"title": other, "titleFontWeight": "normal"},
        },
    }
    return {
        "width": 240,
        "height": 150,
        "layer": [
            {"mark": "line", "encoding": encoding},
            {
                "name": name,
                "mark": {"type": "point", "opacity": 1},
                "encoding": encoding | {"size": highlight(200, 40), "tooltip": _tooltip(title)},
            },
        ],
    }
