"""Which clone is this? No two that may meet on one server take themselves for the same."""

import shutil

from genbench.utils import provenance


def test_a_moved_or_copied_clone_is_another(tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    (clone / "data").mkdir(parents=True)
    monkeypatch.chdir(clone)
    first = provenance.clone_id()
    assert provenance.clone_id() == first
    monkeypatch.chdir(clone / "data")
    assert provenance.clone_id() != first
    experiment = clone / ".dvc" / "tmp" / "exps" / "tmp1"
    experiment.mkdir(parents=True)
    monkeypatch.chdir(experiment)
    assert provenance.clone_id() == first
    copy = shutil.copytree(clone / ".genbench", clone.with_name("copy") / ".genbench")
    monkeypatch.chdir(copy.parent)
    assert provenance.clone_id() != first
    monkeypatch.chdir(clone)
    (clone / ".genbench" / "clone").unlink()  # as another machine has at the same place
    assert provenance.clone_id() != first
