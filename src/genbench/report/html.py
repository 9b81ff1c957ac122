"""HTML from values: text is escaped unless it is HTML already, so no name can break the page."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

VOID = ("img", "meta")
DASH = "\N{EN DASH}"
ARROWS = {"lower": " \N{DOWNWARDS ARROW}", "higher": " \N{UPWARDS ARROW}", "": ""}


class Html(str):
    """Text that is HTML already."""


def tag(name: str, /, *children, **attributes) -> Html:
    """An element. Attributes: `class_` is `class`; None, False and "" leave one out.

    Children may be strings, Html, None (nothing) or sequences of those.
    """
    pairs = ((k.strip("_").replace("_", "-"), v) for k, v in attributes.items())
    inside = "".join(
        f' {k}="{html.escape(str(v))}"' for k, v in pairs if v not in (None, False, "")
    )
    return Html(f"<{name}{inside}>" + ("" if name in VOID else f"{join(*children)}</{name}>"))


def join(*children) -> Html:
    """Children one after the other, escaped where they are not HTML."""
    out = []
    for child in children:
        if isinstance(child, str):
            out.append(child if isinstance(child, Html) else html.escape(child))
        elif child is not None:
            out.append(join(*child))
    return Html("".join(out))


def sentences(lines: list[str]) -> Html:
    """What was found, as a list."""
    return tag("ul", [tag("li", line) for line in lines], class_="findings")


def number(value: float | None, places: int | None = None) -> str:
    """Three significant digits, or `places` decimals; thousands are separated."""
    if value is None:
        return DASH
    if places is None:
        places = decimals([value])
    return f"{value:,.{places}f}".replace("-", "\N{MINUS SIGN}")


def decimals(values: Sequence[float]) -> int:
    """Decimals at which the smallest of the values still shows three significant digits; 0 to 4."""
    if all(isinstance(v, int) for v in values):
        return 0
    small = min((abs(v) for v in values if v), default=1)
    return next((d for d in range(4) if small * 10**d >= 99.95), 4)


@dataclass(frozen=True)
class Column:
    """A column of numbers: what it is called, which way is better, and its note in plain words."""

    key: str
    head: str
    better: Literal["lower", "higher", ""] = ""
    note: str | None = None
    chance: float | None = None
    """Where guessing is; a value below it is marked as reversed."""
    places: int | Literal["column", "value"] = "column"
    """Decimals: so many, or three digits of the column's smallest value, or of each value."""

    def texts(self, rows: Sequence[dict]) -> list[str]:
        """The numbers of the rows as they are shown."""
        values = [r.get(self.key) for r in rows]
        places = None if self.places == "value" else self.places
        if places == "column":
            places = decimals([v for v in values if v is not None])
        return [number(v, places) for v in values]


def rate(key: str, head: str, note: str | None = None, *, better: str = "higher", **options):
    """A column of numbers between 0 and 1 or so, with three decimals."""
    return Column(key, head, better, note, places=3, **options)


def table(
    columns: list[Column],
    rows: list[dict],
    *,
    first: str,
    above: Sequence[dict] = (),
    explain: bool = True,
) -> Html:
    """Rows of numbers under `first`, the best per column in bold; a click on a head sorts them.

    A row has its name under "name" and may lack numbers; under "intervals" it may have the
    [low, high] of some, shown below them. Rows `above` (floors) do not compete.
    Columns that no row has a number for are left out; `explain` puts the notes of the others below.
    """
    columns = [c for c in columns if any(r.get(c.key) is not None for r in rows)]
    heads = [tag("th", tag("button", c.head, ARROWS[c.better]), scope="col") for c in columns]
    head = tag("thead", tag("tr", tag("th", first, scope="col"), heads))
    cells = [_cells(c, [*above, *rows], len(above)) for c in columns]
    lines = [
        tag("tr", tag("th", row["name"], scope="row"), [column[i] for column in cells])
        for i, row in enumerate([*above, *rows])
    ]
    fixed = tag("tbody", lines[: len(above)], class_="above") if above else None
    whole = tag("table", head, fixed, tag("tbody", lines[len(above) :]))
    notes = [(tag("dt", c.head), tag("dd", c.note)) for c in columns if c.note and explain]
    return join(
        tag("div", whole, class_="wide"), tag("dl", notes, class_="notes") if notes else None
    )


def _cells(column: Column, rows: list[dict], above: int) -> list[Html]:
    """A column's cells; what looks like the best of all but the first `above` rows is bold."""
    texts, values = column.texts(rows), [r.get(column.key) for r in rows]
    found = [v for v in values[above:] if v is not None]
    best = min(found) if column.better == "lower" else max(found)
    top = texts[values.index(best, above)]
    tied = not column.better or {*texts[above:]} <= {top, DASH}
    cells = []
    for i, (text, value) in enumerate(zip(texts, values, strict=True)):
        shown = tag("b", text) if i >= above and text == top and not tied else text
        if value is not None and column.chance is not None and value < column.chance:
            shown = tag("span", shown, class_="reversed", title="reversed: below chance")
        cells.append(tag("td", shown, _interval(column, rows[i]), data_value=value))
    return cells


def _interval(column: Column, row: dict) -> Html | None:
    ends = row.get("intervals", {}).get(column.key)
    if ends is None:
        return None
    places = column.places if isinstance(column.places, int) else decimals([max(map(abs, ends))])
    return tag("small", join(" to ".join(number(end, places) for end in ends)), class_="interval")
