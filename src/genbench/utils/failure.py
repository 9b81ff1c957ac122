"""A training that failed, handed on: what each stage after it writes instead of numbers."""

from pathlib import Path

from .files import atomic_write

FILE = "failed.txt"


def save(folder: Path, reason: str) -> None:
    """Say in the folder of a stage why the rest of it is missing."""
    with atomic_write(folder / FILE) as new:
        new.write_text(reason + "\n", encoding="utf-8")


def load(folder: Path) -> str | None:
    """Why the results of a stage are missing; None if they are there, or nothing is."""
    path = folder / FILE
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else None


def hand_on(source: Path, out: Path) -> bool:
    """Whether what a stage reads is missing; then `out` says why, and there is nothing to do."""
    reason = load(source)
    if reason is None:
        return False
    with atomic_write(out) as folder:
        save(folder, reason)
    return True
