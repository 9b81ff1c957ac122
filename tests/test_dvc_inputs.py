"""What DVC itself does with a user's files and settings, before any check of ours runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
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
    sweep = {f"sweep.{key}" for key in ("models", "latent_dim", "width", "beta")}
    assert EXPANDED == {"datasets", "models"} | sweep


@pytest.mark.parametrize("key", sorted(EXPANDED))
@pytest.mark.parametrize("value", ["vae", "1", "0.5", "null", "true"])
def test_what_is_no_list_is_one_line_with_its_key_and_no_fault_of_dvc(tmp_path, key, value):
    with pytest.raises(DvcException) as error:
        stages(tmp_path, f"{key}={value}")
    line = str(error.value)
    assert "\n" not in line and (key in line or key.replace(".", "_") in line), line


@pytest.mark.parametrize("key", sorted(EXPANDED - {"sweep.models", "sweep.beta"}))
def test_an_empty_list_where_one_is_needed_is_one_line_with_its_key(tmp_path, key):
    with pytest.raises(DvcException, match=rf"^[^\n]*Could not find '{key}.0'$"):
        stages(tmp_path, f"{key}=[]")


@pytest.mark.parametrize("key", ["sweep.models", "sweep.beta"])
def test_an_empty_list_switches_its_sweep_off(tmp_path, key):
    kind = {"sweep.models": "sweep", "sweep.beta": "rate_distortion"}[key]
    on = stages(tmp_path / "on", f"{key}=[{'vae' if kind == 'sweep' else '2'}]")
    off = stages(tmp_path / "off", f"{key}=[]")
    assert {name.split("@")[0] for name in on} >= {kind, f"{kind}_train"}
    assert not {name.split("@")[0] for name in off} & {kind, f"{kind}_train"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
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
@pytest.mark.parametrize("command", ["repro download", "repro", "exp run --temp"])
@pytest.mark.parametrize("place", ["data/downloaded/mine", "data/models/mine/vae"])
@pytest.mark.parametrize("path", ["{place}", "link", "data"])
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
