"""Stage `params`: names of models and their own keys, checked before anything is touched."""

import importlib.util
from pathlib import Path

import pytest
import yaml

from genbench.utils.errors import InputError

ROOT = Path(__file__).parents[2]


def check(tmp_path, monkeypatch, **changes):
    spec = importlib.util.spec_from_file_location("stage", ROOT / "stages" / "params.py")
    stage = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stage)
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key, value in changes.items():
        tree[key] = tree[key] | value if isinstance(value, dict) else value
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    monkeypatch.chdir(tmp_path)
    stage.main(out=Path("data/params.validated"))
    return (tmp_path / "data" / "params.validated").read_text()


@pytest.mark.parametrize(
    "changes, line",
    [
        ({"models": ["vea"]}, "models: unknown vea; known: .*vae"),
        ({"sweep": {"models": ["vea"]}}, "sweep.models: unknown vea; known: .*vae"),
        ({"zoo": {"vea": {}}}, "zoo: unknown vea; known: .*vae"),
        ({"zoo": {"wgan": {"clip": 0.01, "lr": 0.1}}}, "zoo.wgan.n_critic is missing"),
    ],
)
def test_a_wrong_model_is_one_line(tmp_path, monkeypatch, changes, line):
    with pytest.raises(InputError, match=line):
        check(tmp_path, monkeypatch, **changes)
    assert not (tmp_path / "data").exists()


def test_the_shipped_choices_pass(tmp_path, monkeypatch):
    assert check(tmp_path, monkeypatch) == "checked\n"
