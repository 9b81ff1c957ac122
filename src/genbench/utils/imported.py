"""A model that is trained nowhere: its images were made elsewhere, and what stages write of it."""

from pathlib import Path

from .files import atomic_write, load_json, save_json

FILE = "imported.json"


def save(folder: Path, path: str, resize: bool) -> None:
    """Say in the folder of a training where the images are."""
    save_json(folder / FILE, {"path": path, "resize": resize})


def load(folder: Path) -> dict | None:
    """What `save` wrote; None for a model that was trained."""
    return load_json(folder / FILE) if (folder / FILE).exists() else None


def hand_on(training: Path, out: Path) -> bool:
    """Whether there are images alone; then `out` says so, and a stage that needs more is done."""
    made = load(training)
    if made is None:
        return False
    with atomic_write(out) as folder:
        save(folder, **made)
    return True
