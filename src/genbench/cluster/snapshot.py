"""The repository as it is now, to be unpacked where stages run: code and choices, no results."""

import io
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from ..utils.errors import InputError

ALWAYS = (".dvc/config", ".dvcignore", "dvc.yaml", "params.yaml")


def pack(inputs: Iterable[str]) -> bytes:
    """A tar of the folders at the top in which `inputs` are, with changes that are not committed.

    Of files that git does not know only those go along that are, or lie in, one of `inputs`.
    """
    tracked = _git_files("--cached", "--", *sorted({Path(name).parts[0] for name in inputs}))
    others = _git_files("--others", "--exclude-standard", "--", *inputs)
    ignored = {name for name in inputs if not Path(name).is_dir()}
    names = {*ALWAYS, *tracked, *others, *ignored} - {"dvc.lock"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name in sorted(names):
            path = Path(name)
            if path.is_symlink() or path.is_file():
                tar.add(name, recursive=False)
    return buffer.getvalue()


def unpack(code: bytes, folder: Path, config: str) -> None:
    """Make a folder in which DVC runs single stages.

    config : what DVC is told of its cache and remotes, as `.dvc/config` has it; ends in [core]
    """
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(code)) as tar:
        # our own files, also links out of it; Python 3.11.3 knows no filter, and ignores this
        tar.extraction_filter = lambda member, path: member
        tar.extractall(folder)
    own = f"    no_scm = true\n    site_cache_dir = {folder / '.dvc' / 'site'}\n"
    (folder / ".dvc" / "config.local").write_text(config + own, encoding="utf-8")


def _git_files(*options: str) -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z", *options], capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"git ls-files: {done.stderr.strip()}")
    return [name for name in done.stdout.split("\0") if name]
