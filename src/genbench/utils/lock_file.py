"""Reads dvc.lock, in which DVC says of each stage what it read and made."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from . import files
from .errors import InputError, validation_line

LOCK = Path("dvc.lock")


class _File(BaseModel):
    path: str
    md5: str


class _Stage(BaseModel):
    deps: list[_File] = []
    params: dict[str, dict[str, Any]] = {}
    outs: list[_File] = []


class _Lock(BaseModel):
    stages: dict[str, _Stage] = {}


def load(path: Path = LOCK) -> dict[str, dict]:
    """The stages of dvc.lock by name, as it has them; {} where DVC has not run."""
    return parse(path.read_bytes(), path) if path.exists() else {}


def parse(text: bytes, path: Path = LOCK) -> dict[str, dict]:
    """The stages in the text of a dvc.lock.

    Raises
    ------
    InputError : for what DVC did not write, such as a file with a conflict of git.
    """
    try:
        tree = files.parse_yaml(text, path) or {}
        _Lock.model_validate(tree)
        return tree.get("stages", {})
    except ValidationError as error:
        reason = f"{path}: {validation_line(error.errors()[0])}"
    except InputError as error:
        reason = str(error)
    raise InputError(
        f"{reason}. DVC writes this file: take a commit's (`git checkout HEAD {path}`), or delete"
        " it; then `dvc repro`"
    )
