"""The commands of docs/studies.md: each is accepted, and expands to the pipeline it speaks of."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from genbench import params

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")


def commands() -> dict[str, list[str]]:
    """Every `dvc exp run` of the page: by chapter and place in it, its changes of params.yaml."""
    found = {}
    for chapter in re.split(r"^## ", PAGE, flags=re.M)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```", chapter, flags=re.M | re.S)
        lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
        runs = [shlex.split(line) for line in lines if "dvc exp run" in line]
        for i, words in enumerate(runs):
            changes = [v for flag, v in itertools.pairwise(words) if flag in ("-S", "--set-param")]
            found[f"{chapter[0]}.{i}"] = changes
    return found


COMMANDS = commands()


def test_there_are_five_studies():
    assert [name for name in COMMANDS if name.endswith(".0")] == [f"{k}.0" for k in range(1, 6)]


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_study_expands_to_its_trainings_and_points(name, tmp_path):
    for file in ("dvc.yaml", "params.yaml", ".dvc/config"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    path = tmp_path / "params.yaml"
    tree = yaml.safe_load(path.read_text())
    for change in COMMANDS[name]:
        key, value = change.split("=", 1)
        block = tree
        *above, last = key.split(".")
        for part in above:
            block = block[part]
        assert last in block, f"{key} is no key of params.yaml"
        block[last] = yaml.safe_load(value)
    path.write_text(yaml.safe_dump(tree))
    p = params.load(path)

    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    command = [Path(sys.executable).parent / "dvc", "repro", "--dry", "--force"]
    env = {k: v for k, v in os.environ.items() if k != "DVC_EXP_NAME"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stages = set(re.findall(r"^Running stage '(.*)':", done.stdout, flags=re.M))
    grid = itertools.product(
        p.datasets, p.sweep.models, p.sweep.latent_dim, p.sweep.width, p.sweep.seeds
    )
    points = [("sweep", "-".join(map(str, point))) for point in grid]
    betas = itertools.product(p.datasets, ["beta_vae"], p.sweep.beta, p.sweep.seeds)
    points += [("rate_distortion", "-".join(map(str, point))) for point in betas]
    seeds = itertools.product(p.datasets, p.models, p.seeds)
    points += [("replicate", "-".join(map(str, point))) for point in seeds]
    wanted = {f"{kind}@{point}" for kind, point in points}
    wanted |= {f"{kind}_train@{point}" for kind, point in points}
    trained = [f"{d}-{m}" for d in p.datasets for m in p.models]
    kinds = ("train", "sample", "evaluate", "anomaly", "latent")
    wanted |= {f"{kind}@{name}" for kind in kinds for name in trained}
    kinds = ("download", "preprocess", "classifier", "perceptual_classifier")
    kinds += ("reference", "controls", "baselines", "tsne")
    wanted |= {f"{kind}@{d}" for kind in kinds for d in p.datasets}
    wanted |= {f"list_of_sweep_models@{m}" for m in p.sweep.models}
    wanted |= {f"list_of_seeds@{seed}" for seed in p.seeds}
    wanted |= {f"list_of_sweep_beta@{b}" for b in p.sweep.beta}
    assert stages == wanted | {"params", "report"}
