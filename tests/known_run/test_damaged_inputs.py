"""A stage whose input is damaged, or whose disk is full, ends in one line and leaves nothing."""

import os
import resource
import shutil
import subprocess
import sys

import pytest
from known import make_params
from stages_alone import CODE, ROOT, end_of_command, expand, link, load_pipeline

READERS = (".npz", ".json", ".csv")
KINDS = list(dict.fromkeys(stage.kind for stage in expand(load_pipeline(), make_params(ROOT))))
WITHOUT_NUMBERS = ("params", "download", "preprocess", "perceptual_classifier")
"""Stages that read no numbers that another has made; the last one copies bytes."""


def folder_of_stage(run, stage, folder):
    """A folder with all that the stage declares; what other stages have made is a copy."""
    for name, target in {**dict.fromkeys(CODE, ROOT), "params.yaml": run.root}.items():
        link(folder / name, target / name)
    for dep in (dep for dep in stage.deps if dep.startswith(("data/", "metrics/"))):
        source = run.root / dep
        (folder / dep).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, folder / dep, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, folder / dep)
    return folder


def files_read(run, stage):
    """Numbers and weights that the stage needs, one of each name of each other stage."""
    made = tuple(dep for dep in stage.deps if dep.startswith(("data/", "metrics/")))
    readers = READERS if stage.kind == "report" else (*READERS, ".pt")  # weights are MLflow's alone
    opened = [name for name in run.reads[stage.name].opened if name.startswith(made)]
    names = sorted(name for name in opened if name.endswith(readers))
    return {(*name.split("/")[1:3], name.rpartition("/")[2]): name for name in names}


def ends_in_a_line(code, output):
    assert code == 1, output
    last = output.splitlines()[-1]
    assert last.startswith("error: ") and "Traceback" not in output, output
    return last


def leaves_nothing(stage, folder, before):
    for out, names in neighbors(stage, folder).items():
        assert names <= before[out], f"{stage.name} has left {names}"


def neighbors(stage, folder):
    return {out: {path.name for path in (folder / out).parent.glob("*")} for out in stage.outs}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT_NUMBERS])
def test_a_damaged_input_is_named_and_no_output_is_written(run, tmp_path, kind):
    stage = [stage for stage in run.stages if stage.kind == kind][-1]
    names = files_read(run, stage)
    assert names
    for i, name in enumerate(names.values()):
        folder = folder_of_stage(run, stage, tmp_path / str(i))
        os.truncate(folder / name, (folder / name).stat().st_size // 2)
        before = neighbors(stage, folder)
        code, output = end_of_command(stage, folder, None)
        assert code, f"{kind} has not noticed {name}"
        line = ends_in_a_line(code, output)
        assert name in line and "is damaged" in line
        leaves_nothing(stage, folder, before)


def no_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_without_room_on_the_disk_a_stage_says_what_it_could_not_write(
    run, programs, tmp_path, kind
):
    stage = [stage for stage in run.stages if stage.kind == kind][-1]
    folder = folder_of_stage(run, stage, tmp_path / "alone")
    before = neighbors(stage, folder)
    words = [programs / "python", *stage.command[1:]]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(words, cwd=folder, preexec_fn=no_room, **pipes)
    line = ends_in_a_line(done.returncode, done.stdout)
    assert "File too large" in line and any(out in line for out in stage.outs), line
    leaves_nothing(stage, folder, before)


READ_ONLY = """
mount -t tmpfs tmpfs reports && cp -r kept/. reports && mount -o remount,ro reports || exit 77
exec "$@"
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_report_in_a_read_only_folder_is_one_line(run, tmp_path):
    (stage,) = (stage for stage in run.stages if stage.kind == "report")
    folder = folder_of_stage(run, stage, tmp_path / "alone")
    (folder / "reports").mkdir()
    shutil.copytree(run.root / "reports", folder / "kept")
    shell = ["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", sys.executable, *stage.command[1:]]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(shell, cwd=folder, **pipes)
    if done.returncode == 77:
        pytest.skip("mounting is not allowed here")
    line = ends_in_a_line(done.returncode, done.stdout)
    assert "'reports" in line, line
    assert not list(folder.glob(".reports-*"))
