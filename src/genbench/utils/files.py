"""Numbers on disk: JSON and CSV, written whole, the same bytes for the same numbers; YAML read.

A file that is not what its stage wrote is an `InputError`, which names it and the stage.
"""

import csv
import io
import json
import math
import os
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .errors import InputError

DIGITS = 6
LOCK = Path("dvc.lock")


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
    with readable(path):
        return _Contents(path, json.loads(path.read_text(encoding="utf-8")))


def load_yaml(path: Path):
    """Read YAML as DVC reads it, see `parse_yaml`."""
    return parse_yaml(path.read_bytes(), path)


def parse_yaml(text: bytes, path: Path):
    """YAML as DVC reads it: version 1.2, in which 1e-05 is a number.

    Pure Python, as libyaml says less of an error, and crashes where brackets nest too deep.

    Raises
    ------
    InputError : with the line of what is no YAML, or of a key that stands twice.
    """
    from ruamel.yaml import YAML

    try:
        return YAML(typ="safe", pure=True).load(text.decode("utf-8"))
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
    with readable(path):
        text = path.read_text(encoding="utf-8")
        if not text.endswith("\n"):
            raise EOFError("its last line is cut off")
        rows = csv.DictReader(text.splitlines())
        return [{k: float(v) for k, v in row.items() if v} for row in rows]


def save_npz(path: Path, **arrays) -> None:
    """Write arrays as .npz, whole or not at all; equal arrays give equal bytes.

    `np.savez` writes the same but for headers, which depend on the version of Python.
    """
    with atomic_write(path) as new, zipfile.ZipFile(new, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix
            archive.writestr(entry, content.getbuffer())


def load_npz(path: Path, *names: str) -> list[np.ndarray]:
    """Read the named arrays of an .npz and no others."""
    with readable(path), np.load(path) as file:
        return [file[name] for name in names]


def load_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Read the named arrays of an .npz, by name; without names, all of them."""
    with readable(path), np.load(path) as file:
        return _Contents(path, {name: file[name] for name in names or file.files})


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an .npz."""
    with readable(path), np.load(path) as file:
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


class _Contents(dict):
    """What a file holds, by name; to ask for what it does not hold is an `InputError`."""

    def __init__(self, path: Path, values):
        super().__init__(values)
        self.path = path

    def __missing__(self, name):
        raise damaged(self.path, f"it has no {name}")


@contextmanager
def readable(path: Path):
    """Turn whatever a reader says of a damaged file into an `InputError` that names the file."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # every format, and every damage, fails in its own way
        if getattr(error, "filename", None):  # it cannot be opened, and the line says so
            raise
        raise damaged(path, error) from None


def damaged(path: Path, reason: object) -> InputError:
    """The error of a file that is not what its stage wrote; it says which stage makes it anew."""
    stage = _stage_of(path)
    mend = f"`dvc repro {stage}` makes it anew" if stage else "run the stage that writes it again"
    line = " ".join(str(reason).split())[:200]
    return InputError(f"{path} is damaged, or not what its stage writes ({line}); {mend}")


def _stage_of(path: Path) -> str | None:
    """The stage that wrote a file or its folder, as dvc.lock has it; None if it does not."""
    try:
        stages = load_yaml(LOCK)["stages"].items()
        outs = {Path(out["path"]): name for name, entry in stages for out in entry.get("outs", ())}
    except (OSError, InputError, LookupError, TypeError, AttributeError):  # damaged as well
        return None
    own = Path(os.path.relpath(path))
    return next((outs[place] for place in (own, *own.parents) if place in outs), None)


@contextmanager
def atomic_write(path: Path):
    """Yield a temporary name beside `path`, which takes its place only if the block succeeds.

    The temporary file or folder keeps the suffix of `path` (writers choose a format by it).
    An `OSError` of the block, as that of a full disk, names `path` and not the temporary name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as scratch:
        new = Path(scratch) / path.name
        try:
            yield new
        except OSError as error:
            if error.errno is None:  # of a reader, not of the system
                raise
            name = str(error.filename or new).replace(str(new), str(path))
            raise OSError(error.errno, error.strerror, name) from None
        if path.is_dir() and not path.is_symlink():
            path.rename(Path(scratch) / "old")
        new.replace(path)
