"""What a user gives may not be where a stage writes: DVC and the stages replace what is there."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml

from genbench import params
from genbench.utils import files
from genbench.utils.errors import InputError

SHIPPED = Path(__file__).parents[2] / "params.yaml"


def outputs_of_dvc_yaml():
    for stage in files.load_yaml(SHIPPED.parent / "dvc.yaml")["stages"].values():
        for line in [*stage.get("outs", []), *stage.get("metrics", [])]:
            path = line if isinstance(line, str) else next(iter(line))
            yield re.sub(r"\$\{.*?\}", "mine", path)


TREE = yaml.safe_load(SHIPPED.read_text())
INPUTS = [("data", "mine", "path"), ("evaluate", "inception_weights"), "GENBENCH_MIRROR"]


@pytest.fixture
def load_with(tmp_path, monkeypatch):
    """Load choices in a repository of which one input of the user's is a path."""
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")

    def load_with(name, path):
        tree = copy.deepcopy(TREE)
        tree["data"]["mine"] = {"path": "../pictures", "size": 8, "channels": 1, "ood": ["noise"]}
        if isinstance(name, str):
            monkeypatch.setenv(name, str(path))
        else:
            block = tree
            for key in name[:-1]:
                block = block[key]
            block[name[-1]] = str(path)
        Path("params.yaml").write_text(json.dumps(tree))
        return params.load()

    return load_with


@pytest.mark.parametrize("output", sorted(set(outputs_of_dvc_yaml())))
@pytest.mark.parametrize("name", INPUTS, ids=str)
def test_no_input_of_the_users_may_be_hold_or_lie_in_what_a_stage_writes(load_with, name, output):
    key = name if isinstance(name, str) else ".".join(name)
    place = Path(output)
    place.parent.mkdir(parents=True)
    paths = [place, place / "mine", *place.parents, place.absolute(), place / ".." / place.name]
    for path in paths if name == INPUTS[0] else paths[:1]:
        with pytest.raises(InputError, match=f"{key}: .* which may be replaced") as error:
            load_with(name, path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", INPUTS, ids=str)
def test_links_are_followed_both_ways(load_with, tmp_path, name):
    output = tmp_path / "repository" / "data" / "downloaded"
    (tmp_path / "elsewhere" / "mine").mkdir(parents=True)
    output.mkdir(parents=True)
    into_an_output = tmp_path / "link"
    into_an_output.symlink_to(output)
    out_of_one = output / "mine"
    out_of_one.symlink_to(tmp_path / "elsewhere" / "mine")
    output_elsewhere = tmp_path / "disk"
    (output.parent / "models").symlink_to(output_elsewhere)
    for path in (into_an_output, into_an_output / "a", out_of_one, output_elsewhere / "a"):
        with pytest.raises(InputError, match="which may be replaced"):
            load_with(name, path)


@pytest.mark.parametrize("path", ["data/mine", "data/raw/mine", "data/downloads", "../a", "~/a"])
def test_an_input_may_lie_anywhere_else(load_with, path):
    assert load_with(("data", "mine", "path"), path).data["mine"].path == path


def test_a_queued_experiment_protects_the_repository_and_its_own_copy(
    load_with, tmp_path, monkeypatch
):
    copy = tmp_path / "repository" / ".dvc" / "tmp" / "exps" / "abc"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    for path in ("data/downloaded/mine", copy / "data" / "downloaded"):
        with pytest.raises(InputError, match="data.mine.path: .* which may be replaced"):
            load_with(("data", "mine", "path"), path)
