"""Numbers on disk: JSON and CSV, written whole, the same bytes for the same numbers."""

import csv
import json
import math
from pathlib import Path

from .workspace import replacing

DIGITS = 6


def rounded(value):
    """`value` with every float in it at 6 significant digits."""
    if isinstance(value, dict):
        return {str(k): rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise FloatingPointError(f"a result is {value}; nothing is written")
        return float(f"{value:.{DIGITS}g}")
    return value


def save_json(path: Path, value: dict) -> None:
    """Write `value` with sorted keys and rounded floats; a non-finite number is refused."""
    try:
        text = json.dumps(rounded(value), indent=2, sort_keys=True, ensure_ascii=False)
    except FloatingPointError as error:
        raise FloatingPointError(f"{path}: {error}") from None
    with replacing(path) as new:
        new.write_text(text + "\n", encoding="utf-8")


def load_json(path: Path) -> dict:
    """Read a JSON object."""
    return json.loads(path.read_text(encoding="utf-8"))


def save_csv(path: Path, rows: list[dict]) -> None:
    """Write rows as CSV; the columns are those of all rows, a missing value is an empty cell."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: rounded(v) for k, v in row.items()} for row in rows)


def load_csv(path: Path) -> list[dict[str, float]]:
    """Read rows of numbers; empty cells are left out."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
