"""What DVC itself does with a user's files and settings, before any check of ours runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.utils.hydra import apply_overrides
from PIL import Image
from repository import commit, copy_repository, run, stages_run

from genbench import params
from genbench.utils import files

ROOT = Path(__file__).parents[1]
PIPELINE = files.load_yaml(ROOT / "dvc.yaml")["stages"].values()
EXPANDED = {
    text[2:-1]
    for stage in PIPELINE
    for text in [*stage.get("matrix", {}).values(), stage.get("foreach")]
    if isinstance(text, str)
}
"""Keys of params.yaml that DVC makes stages of."""
MAY_BE_EMPTY = {"sweep.models": "sweep", "sweep.beta": "rate_distortion", "seeds": "replicate"}
"""Those that may be empty lists, with the stages that there are not then."""


def stages(folder, override):
    """Names of the stages that DVC sees after `-S override`."""
    folder.mkdir(exist_ok=True)
    for name in ("dvc.yaml", "params.yaml"):
        (folder / name).write_text((ROOT / name).read_text())
    Repo.init(str(folder), no_scm=True).close()
    apply_overrides(folder / "params.yaml", [override])
    with Repo(str(folder)) as repo:
        return {stage.addressing.rpartition(":")[2] for stage in repo.index.stages}


def test_the_keys_that_dvc_expands_are_found():
    sweep = {f"sweep.{key}" for key in ("models", "latent_dim", "width", "beta", "seeds")}
    assert EXPANDED == {"datasets", "models", "seeds"} | sweep


@pytest.mark.parametrize("key", sorted(EXPANDED))
@pytest.mark.parametrize("value", ["vae", "0.5", "null"])
def test_what_is_no_list_is_one_line_with_its_key_and_no_fault_of_dvc(tmp_path, key, value):
    with pytest.raises(DvcException) as error:
        stages(tmp_path, f"{key}={value}")
    line = str(error.value)
    assert "\n" not in line and (key in line or key.replace(".", "_") in line), line


@pytest.mark.parametrize("key", sorted(EXPANDED - MAY_BE_EMPTY.keys()))
def test_an_empty_list_where_one_is_needed_is_one_line_with_its_key(tmp_path, key):
    with pytest.raises(DvcException, match=rf"^[^\n]*Could not find '{key}.0'$"):
        stages(tmp_path, f"{key}=[]")


@pytest.mark.parametrize("key", MAY_BE_EMPTY)
def test_an_empty_list_switches_its_trials_off(tmp_path, key):
    kind = MAY_BE_EMPTY[key]
    on = stages(tmp_path / "on", f"{key}=[{'vae' if kind == 'sweep' else '2'}]")
    off = stages(tmp_path / "off", f"{key}=[]")
    assert {name.split("@")[0] for name in on} >= {kind, f"{kind}_train"}
    assert not {name.split("@")[0] for name in off} & {kind, f"{kind}_train"}


HOSTILE = (
    "'; touch hit; '",
    '"; touch hit; "',
    "$(touch hit)/../digits",
    "`touch hit`",
    "a\ntouch hit",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_shell_runs_nothing_that_stands_in_a_name_or_a_number(tmp_path, name):
    """As `dvc repro -s train` would, which skips the stage `params`; python itself is not run."""
    tree = files.load_yaml(ROOT / "params.yaml")
    tree |= {"datasets": [name], "models": [name], "zoo": {name: {"perceptual": 1}}}
    tree["seeds"] = [name]
    axes = ("models", "latent_dim", "width", "beta", "seeds")
    tree["sweep"] |= {axis: [name] for axis in axes}
    tree["data"] = {name: {"ood": []}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    (tmp_path / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    (tmp_path / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> words\n')
    (tmp_path / "python").chmod(0o700)
    Repo.init(str(tmp_path), no_scm=True).close()
    with Repo(str(tmp_path)) as repo:
        commands = [stage.cmd for stage in repo.index.stages]
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    for command in commands:
        subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, env={"PATH": path}, check=True)
    assert not (tmp_path / "hit").exists()
    assert (tmp_path / "words").read_text().count(f"--dataset\n{name}\n--model\n{name}\n") >= 5


def test_keys_that_dvc_would_not_quote_are_refused_by_it(tmp_path):
    (tmp_path / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    for key in sorted(EXPANDED):
        tree = files.load_yaml(ROOT / "params.yaml")
        *blocks, last = key.split(".")
        place = tree[blocks[0]] if blocks else tree
        place[last] = [{"a; touch hit": 1}]
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
        Repo.init(str(tmp_path), no_scm=True, force=True).close()
        with Repo(str(tmp_path)) as repo, pytest.raises(DvcException):
            _ = [stage.cmd for stage in repo.index.stages]


@pytest.fixture(scope="module")
def project(tmp_path_factory, scripts_start_at_once):
    folder = copy_repository(tmp_path_factory.mktemp("inputs") / "my project")
    commit(folder)
    return folder


def everything(folder):
    """Each file and link below a folder, with what tells whether it was touched."""
    found = sorted(folder.rglob("*"))
    return {p: (p.lstat().st_ino, p.lstat().st_mtime_ns, p.lstat().st_mode) for p in found}


def own_pictures(folder):
    """Class folders of pictures with notes, a hidden file and links beside them."""
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        for i in range(20):
            Image.new("L", (8, 8), i).save(folder / label / f"{i}.png")
    (folder / "labels.csv").write_text("file,age")
    (folder / "cat" / ".hidden.png").write_bytes((folder / "cat" / "1.png").read_bytes())
    (folder / "cat" / "link.png").symlink_to("1.png")
    (folder / "cat" / "hard.png").hardlink_to(folder / "cat" / "1.png")
    return folder


def choose(project, path):
    """Make a folder the only dataset."""
    block = f"{{path: {path}, size: 8, channels: 1, ood: [noise]}}"
    text = (ROOT / "params.yaml").read_text().replace("  shapes: ", f"  mine: {block}\n  shapes: ")
    (project / "params.yaml").write_text(text.replace("  - digits\nmodels", "  - mine\nmodels"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command, place, path",
    [
        ("repro download", "data/downloaded/mine", "{place}"),
        ("repro", "data/models/mine/vae", "link"),
        ("repro", "data/downloaded/mine", "data"),
        ("exp run --temp", "data/models/mine/vae", "{place}"),
        ("exp run --temp", "data/downloaded/mine", "link"),
    ],
)
def test_a_folder_where_a_stage_writes_is_refused_and_untouched(project, place, path, command):
    folder = own_pictures(project / place)
    (project / "link").symlink_to(folder)
    choose(project, path.format(place=place))
    before = everything(folder)
    output = run(project, "dvc", *command.split(), ok=False)
    after = everything(folder)
    shutil.rmtree(folder)
    (project / "link").unlink()
    assert after == before
    assert "params.yaml: data.mine.path: " in output and "Traceback" not in output
    assert stages_run(output) <= {"list_of_sweep_models@vae", "params"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["repro download", "exp run download@mine", "exp run --temp"])
def test_a_folder_anywhere_else_in_the_repository_is_read_and_untouched(project, command):
    folder = own_pictures(project / "data" / "raw" / "mine")
    choose(project, "data/raw/mine")
    before = everything(folder)
    words = command.split() + (["download@mine"] if command.endswith("temp") else [])
    output = run(project, "dvc", *words)
    after = everything(folder)
    shutil.rmtree(folder)
    run(project, "git", "checkout", "-q", ".")
    assert after == before and "download@mine" in output


@pytest.mark.slow
def test_a_mirror_where_a_stage_writes_is_refused_by_the_stage_that_reads_it(project):
    (project / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    folder = own_pictures(project / "data" / "downloaded" / "MNIST")
    before = everything(folder)
    done = subprocess.run(
        [sys.executable, "stages/download.py", "--dataset", "mnist", "--out", str(folder)],
        cwd=project,
        env={"GENBENCH_MIRROR": "data/downloaded", "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "GENBENCH_MIRROR: " in done.stderr
    assert done.stderr.count("\n") == 1 and everything(folder) == before


@pytest.mark.slow
def test_a_number_is_the_same_however_dvc_writes_it(project):
    (project / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    changes = ["-S", "zoo.vae.lr=0.00001", "-S", "train.images=1e5", "-S", "sweep.models=[]"]
    assert "params" in stages_run(run(project, "dvc", "exp", "run", *changes, "params"))
    text = (project / "params.yaml").read_text()
    assert "1e-05" in text and "100000.0" in text
    choices = params.load(project / "params.yaml")
    assert (choices.zoo["vae"]["lr"], choices.train.images) == (0.00001, 100_000)
