"""Stage `params`: names of models and their own keys, checked before anything is touched."""

import importlib.util
from pathlib import Path

import pytest
import yaml

from genbench.utils.errors import InputError

ROOT = Path(__file__).parents[2]
VAE = {"lr": 0.001, "likelihood": "bernoulli", "kl_warmup_images": 0}
BLACK_AND_WHITE = {"zoo": {"vae": VAE}, "datasets": ["digits", "cifar10"]}
MINE = {"mine": {"path": "x", "size": 8, "channels": 3, "ood": ["noise"]}}


def check(tmp_path, monkeypatch, without=None, **changes):
    spec = importlib.util.spec_from_file_location("stage", ROOT / "stages" / "params.py")
    stage = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stage)
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key, value in changes.items():
        tree[key] = tree[key] | value if isinstance(value, dict) else value
    tree["zoo"].pop(without, None)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    monkeypatch.chdir(tmp_path)
    stage.main(out=Path("data/params.validated"), code=Path("data/code"))
    return (tmp_path / "data" / "params.validated").read_text()


@pytest.mark.parametrize(
    "changes, line",
    [
        ({"models": ["vea"]}, "models: unknown vea; known: .*vae"),
        ({"sweep": {"models": ["vea"]}}, "sweep.models: unknown vea; known: .*vae"),
        ({"zoo": {"vea": {}}}, "zoo: unknown vea; known: .*vae"),
        ({"zoo": {"wgan": {"clip": 0.01, "lr": 0.1}}}, "zoo.wgan.n_critic is missing"),
        ({"zoo": {"vae": {"lr": float("nan")}}}, "zoo.vae.lr: input should be a finite number"),
        ({"zoo": {"vae": {"lr": 0.1, "latent_dim": 1}}}, "zoo.vae.latent_dim is not a known key"),
        ({"zoo": {"vae": {"classes": 3}}}, "zoo.vae.classes is not a known key"),
        ({"zoo": {"vae": {7: 3}}}, "zoo.vae.7.*: input should be a valid string"),
        (BLACK_AND_WHITE, "zoo.vae.likelihood must be gaussian or logistic for color"),
        (BLACK_AND_WHITE | {"datasets": ["digits", "mine"], "data": MINE}, "likelihood must be"),
        ({"zoo": {"beta_vae": {}}}, "zoo.beta_vae.lr is missing"),
    ],
)
def test_a_wrong_model_is_one_line(tmp_path, monkeypatch, changes, line):
    with pytest.raises(InputError, match=line):
        check(tmp_path, monkeypatch, **changes)
    assert not list(tmp_path.glob("data/*"))


def test_a_sweep_over_beta_needs_the_choices_of_its_model(tmp_path, monkeypatch):
    assert check(tmp_path, monkeypatch, "beta_vae") == "checked\n"
    with pytest.raises(InputError, match="zoo.beta_vae.lr is missing"):
        check(tmp_path, monkeypatch, "beta_vae", sweep={"beta": [1]})


def test_a_likelihood_that_only_color_forbids_is_taken_for_gray(tmp_path, monkeypatch):
    assert check(tmp_path, monkeypatch, zoo={"vae": VAE}) == "checked\n"


def test_the_shipped_choices_pass(tmp_path, monkeypatch):
    assert check(tmp_path, monkeypatch) == "checked\n"
