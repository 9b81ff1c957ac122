"""A repository in which the toy game can be trained."""

import pytest
from toy_game import build_game, run, save_data


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty repository with the data of the game, which has the name of every model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run.registry, "build", build_game)
    save_data(run.Path("data.npz"))
    run.Path("perceptual.pt").write_bytes(b"weights")
