"""What varies between equal runs (speed, memory, device): kept beside the outputs of DVC."""

import hashlib
import json
import sys
import uuid
from contextlib import suppress
from pathlib import Path

from . import files
from .errors import InputError
from .paths import main_repository


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value) -> str:
    """16 hexadecimal digits that name a tree of plain values."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save(output: Path, facts: dict[str, object]) -> None:
    """Note the facts about the run that made `output`; they are found again by its bytes."""
    try:
        files.save_json(_file(output), facts)
    except OSError as error:  # the output itself is safe; a lost note must not fail the stage
        print(f"warning: facts about {output} are not kept: {error}", file=sys.stderr)


def load(output: Path) -> dict[str, object]:
    """What is known about the run that made `output`; {} if it was not made here, or is damaged."""
    file = _file(output)
    try:
        return files.load_json(file) if file.exists() else {}
    except InputError:
        return {}


def clone_id() -> str:
    """16 hexadecimal digits that no other clone has; a moved or copied one counts as another."""
    file = main_repository() / ".genbench" / "clone"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), file.open("x", encoding="utf-8") as new:
            new.write(uuid.uuid4().hex)
    return digest([file.read_text(encoding="utf-8"), str(file)])


def _file(output: Path) -> Path:
    return main_repository() / ".genbench" / "facts" / f"{sha256(output)}.json"
