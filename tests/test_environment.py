"""The .venv of `make setup` goes with its folder: to another place, or into a copy."""

import subprocess
import sys
from pathlib import Path

import pytest

PREFIX = Path(sys.prefix)
MADE_BY_MAKE = (PREFIX / ".ready-to-move").exists()


@pytest.mark.skipif(not MADE_BY_MAKE, reason="needs the .venv of `make setup`")
def test_nothing_in_the_environment_says_where_it_is():
    scripts = [path for path in (PREFIX / "bin").iterdir() if path.is_file()]
    paths = [*PREFIX.glob("lib/python*/site-packages/*.pth"), PREFIX / "pyvenv.cfg", *scripts]
    paths = [path for path in paths if path.name != "activate.csh"]  # csh cannot say where it is
    own = str(PREFIX.parent).encode()
    assert [path.name for path in paths if own in path.read_bytes()] == []


@pytest.mark.skipif(not MADE_BY_MAKE, reason="needs the .venv of `make setup`")
@pytest.mark.parametrize("place", ["moved", "50% #1 ü?"])
def test_a_moved_environment_runs_its_programs_and_this_code(tmp_path, place):
    """A folder of links to all of it, but with scripts and addresses of its own."""
    bins = tmp_path / place / ".venv" / "bin"
    site = Path(*PREFIX.glob("lib/python*/site-packages")).relative_to(PREFIX)
    (bins.parent / site).mkdir(parents=True)
    bins.mkdir()
    for path in (PREFIX / site).iterdir():
        target = bins.parent / site / path.name
        if path.suffix == ".pth":
            target.write_bytes(path.read_bytes())
        else:
            target.symlink_to(path)
    for path in [PREFIX / "pyvenv.cfg", *(PREFIX / "bin").iterdir()]:
        target = bins.parent / path.relative_to(PREFIX)
        if path.is_symlink():
            target.symlink_to(path.readlink())
        else:
            target.write_bytes(path.read_bytes())
            target.chmod(0o755)
    (tmp_path / place / "src").symlink_to(PREFIX.parent / "src")
    code = "import genbench; print(genbench.__file__)"
    words = f". .venv/bin/activate; command -v dvc; python -c '{code}'; dvc --version"
    shell = ["env", "-u", "PYTHONPATH", "bash", "-c", words]
    done = subprocess.run(shell, cwd=tmp_path / place, capture_output=True, text=True)
    program, package, version = done.stdout.splitlines()
    assert program == str(bins / "dvc") and version.startswith("3.")
    assert package == str(tmp_path / place / "src" / "genbench" / "__init__.py")
