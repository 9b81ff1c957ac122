"""Options of a stage's command line, and the paths that are made of them."""

from pathlib import Path

import pytest

from genbench.utils import cli


def stage(dataset: str, out: Path, latent_dim: int = 3, beta: float | None = None) -> None:
    """Takes what a stage may take."""


def parse(line: str) -> dict:
    return cli.parse(stage, line.split())


def test_options_have_the_types_of_the_parameters_and_their_defaults():
    got = parse("--dataset a --out b --latent-dim 4")
    assert got == {"dataset": "a", "out": Path("b"), "latent_dim": 4, "beta": None}


def test_a_path_holds_values_as_they_were_written_also_such_as_the_stage_does_not_take():
    line = "--dataset a --model vae --latent_dim 4 --beta 1e-05 --out {dataset}/{model}-{beta}"
    got = parse(f"{line}-{{latent_dim}}.json")
    out = Path("a/vae-1e-05-4.json")
    assert got == {"dataset": "a", "out": out, "latent_dim": 4, "beta": 1e-05}


@pytest.mark.parametrize("line", ["--dataset a --out {model}", "--dataset a --out b --model vae"])
def test_a_value_that_is_missing_and_one_without_use_are_errors_of_usage(line, capsys):
    with pytest.raises(SystemExit):
        parse(line)
    assert "--model" in capsys.readouterr().err
