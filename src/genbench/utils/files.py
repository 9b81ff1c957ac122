"""Numbers on disk: JSON and CSV, written whole, the same bytes for the same numbers; YAML read."""

import csv
import json
import math
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .errors import InputError

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
    with atomic_write(path) as new:
        new.write_text(text + "\n", encoding="utf-8")


def load_json(path: Path) -> dict:
    """Read a JSON object."""
    return json.loads(path.read_text(encoding="utf-8"))


def load_yaml(path: Path):
    """Read YAML as DVC reads it, see `parse_yaml`."""
    return parse_yaml(path.read_bytes(), path)


def parse_yaml(text: bytes, path: Path):
    """YAML as DVC reads it, by the same call: version 1.2, in which 1e-05 is a number.

    Raises
    ------
    InputError : with the line of what is no YAML, or of a key that stands twice.
    """
    from ruamel.yaml import YAML

    try:
        return YAML(typ="safe").load(text.decode("utf-8"))
    except Exception as error:  # also of Python: a month 99, brackets that nest too deep
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise InputError(f"{path}{place}: not valid YAML: {problem}") from None


def save_csv(path: Path, rows: list[dict]) -> None:
    """Write rows as CSV; the columns are those of all rows, a missing value is an empty cell."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with atomic_write(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: rounded(v) for k, v in row.items()} for row in rows)


def load_csv(path: Path) -> list[dict[str, float]]:
    """Read rows of numbers; empty cells are left out."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]


def save_npz(path: Path, **arrays) -> None:
    """Write arrays as .npz, whole or not at all; equal arrays give equal bytes."""
    with atomic_write(path) as new:
        np.savez(new, **arrays)


def load_npz(path: Path, *names: str) -> list[np.ndarray]:
    """Read the named arrays of an .npz and no others."""
    with np.load(path) as file:
        return [file[name] for name in names]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read every array of an .npz, by name."""
    with np.load(path) as file:
        return dict(file)


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an .npz."""
    with np.load(path) as file:
        return file.files


def ood_names(path: Path) -> list[str]:
    """Names of the out-of-distribution (OOD) datasets in a processed dataset, in order."""
    (names,) = load_npz(path, "ood_names")
    return names.tolist()


def defect_names(path: Path) -> list[str]:
    """Names of the defects in a processed dataset, in order; [] for a dataset without."""
    if "defect_names" not in array_names(path):
        return []
    (names,) = load_npz(path, "defect_names")
    return names.tolist()


@contextmanager
def atomic_write(path: Path):
    """Yield a temporary name beside `path`, which takes its place only if the block succeeds.

    The temporary file or folder keeps the suffix of `path` (writers choose a format by it).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as scratch:
        new = Path(scratch) / path.name
        yield new
        if path.is_dir() and not path.is_symlink():
            path.rename(Path(scratch) / "old")
        new.replace(path)
