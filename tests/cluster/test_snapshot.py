"""What goes along to the folder in which a stage runs."""

import tarfile

import pytest
from repository import commit, run

from genbench.cluster import snapshot
from genbench.utils.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    names = (
        "code/a.py",
        "dvc.yaml",
        "dvc.lock",
        ".dvc/config",
        "params.yaml",
        "data/own.csv",
        "docs/a",
    )
    for name in names:
        (tmp_path / "repo" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repo" / name).write_text(name)
    (tmp_path / "repo" / ".gitignore").write_text("/data/\n*.pyc\n")
    (tmp_path / "repo" / "code" / "link.py").symlink_to("a.py")
    monkeypatch.chdir(tmp_path / "repo")
    run(tmp_path / "repo", "git", "init", "-q")
    commit(tmp_path / "repo")
    return tmp_path / "repo"


def unpacked(folder, inputs):
    place = folder.with_name("copy")
    snapshot.unpack(snapshot.pack(inputs), place, "[core]\n")
    return place


def test_code_goes_along_as_it_is_now_and_what_stages_do_not_need_stays(folder):
    (folder / "code" / "a.py").write_text("changed")
    (folder / "code" / "new.py").touch()
    (folder / "code" / "a.pyc").touch()
    (folder / "huge.zip").touch()  # unknown to git, and no stage depends on it
    place = unpacked(folder, ["code", "data/own.csv"])
    names = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert names == {
        *("code/a.py", "code/new.py", "dvc.yaml", "params.yaml"),
        *("data/own.csv", ".dvc/config", ".dvc/config.local", "code/link.py"),
    }
    assert (place / "code" / "a.py").read_text() == "changed"
    assert (place / "code" / "link.py").is_symlink()


def test_the_first_pythons_3_11_unpack_it_as_well(folder, monkeypatch):
    """That of Debian 12 is one: filters came with 3.11.4."""
    (folder / "code" / "outside.py").symlink_to(folder.with_name("elsewhere.py"))
    extract = tarfile.TarFile.extractall
    monkeypatch.setattr(tarfile.TarFile, "extractall", lambda tar, path: extract(tar, path))
    assert (unpacked(folder, ["code"]) / "code" / "outside.py").is_symlink()


def test_a_file_that_was_deleted_does_not_go_along(folder):
    (folder / "code" / "a.py").unlink()
    assert not (unpacked(folder, ["code"]) / "code" / "a.py").exists()


def test_a_folder_without_git_is_named_as_the_reason(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError, match="git ls-files: .*not a git repository"):
        snapshot.pack([])
