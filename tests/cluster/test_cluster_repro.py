"""Many stages at once end where `dvc repro` ends: real DVC on a pipeline of moments."""

import json
import os
import signal

import pytest
from dvc.repo import Repo
from repository import commit, run
from toy import MOVABLE, Toy, interrupt, serial_lock, wait_until_gone, worker_of

from genbench.cluster.pipeline import Pipeline
from genbench.cluster.snapshot import pack, unpack

pytestmark = pytest.mark.slow


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setenv("RAN", str(tmp_path / "ran.txt"))
    return Toy(tmp_path)


def test_the_lock_is_that_of_a_serial_run_byte_for_byte_and_nothing_is_left(toy):
    held = toy.hold("b")
    process = toy.start("--jobs", "2")
    toy.wait_for("a", "b", "after_a")  # a and what needs it go past b, which comes before them
    held.unlink()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert sorted(toy.ran()) == sorted(["params", "download", "report", *MOVABLE])
    own = {name for name, place in toy.places().items() if place == str(toy.folder)}
    assert own == {"params", "download", "report"}
    lock = (toy.folder / "dvc.lock").read_bytes()
    assert lock == serial_lock(toy)
    commit(toy.folder)
    assert "up to date" in run(toy.folder, "dvc", "status")
    assert run(toy.folder, "git", "status", "--porcelain") == ""
    assert not list((toy.folder / ".genbench" / "workers").iterdir())
    before = toy.ran()
    toy.repro("--jobs", "2")
    assert toy.ran() == before and (toy.folder / "dvc.lock").read_bytes() == lock


def test_a_lock_that_has_some_stages_keeps_their_places(toy):
    run(toy.folder, "dvc", "repro", "after_a")  # before b, which comes first in a whole run
    commit(toy.folder)
    expected = serial_lock(toy, empty=False)
    toy.repro("--jobs", "2")
    assert (toy.folder / "dvc.lock").read_bytes() == expected


def test_code_that_is_not_committed_is_what_runs_and_only_what_it_concerns(toy):
    toy.repro("--jobs", "2")
    commit(toy.folder)
    before = len(toy.ran())
    (toy.folder / "library" / "new.py").write_text("OPENING = 'That was'\n")  # unknown to git
    (toy.folder / "library" / "text.py").write_text("from .new import OPENING\n")
    toy.repro("--jobs", "2", "after_a")
    assert toy.ran()[before:] == ["params", "download", "a", "after_a"]
    text = (toy.folder / "data" / "after" / "a" / "it.txt").read_text()
    assert text.startswith("That was after_a of ") and "That was a of " in text
    toy.repro("--jobs", "2")
    assert (toy.folder / "dvc.lock").read_bytes() == serial_lock(toy)


def test_a_stage_that_fails_stops_those_that_need_it_and_the_report_is_made(toy):
    toy.repro("--jobs", "2")
    (toy.folder / "params.yaml").write_text("seed: 0\nscale: 2\n")
    before = len(toy.ran())
    failing = toy.fail("a")
    output = toy.repro("--jobs", "2", code=1)
    assert sorted(toy.ran()[before:]) == ["a", "after_b", "b", "download", "params", "report"]
    (line,) = [line for line in output.splitlines() if line.startswith("a failed: ")]
    log = line.partition("; see ")[2]
    assert line.startswith("a failed: error: a cannot go on; see .genbench/logs/")
    assert "error: a cannot go on" in (toy.folder / log).read_text()
    assert "not run, as they need these: after_a, all" in output
    assert output.splitlines()[-1].startswith("error: a stage failed, reports/index.html says")
    assert not (toy.folder / "data" / "models" / "a").exists()  # an earlier run's is not today's
    failing.unlink()
    toy.repro("--jobs", "2")
    assert sorted(toy.ran()[before + 6 :]) == ["a", "after_a", "all", "report"]


def test_how_dvc_links_and_locks_here_it_does_there(toy, monkeypatch):
    run(toy.folder, "dvc", "config", "--local", "cache.type", "hardlink,copy")
    run(toy.folder, "dvc", "config", "--local", "core.hardlink_lock", "true")
    monkeypatch.chdir(toy.folder)
    there = toy.folder.with_name("there")
    unpack(pack(["library"]), there, Pipeline().dvc_config())
    config = Repo(there).config
    assert config["cache"]["type"] == ["hardlink", "copy"]
    assert config["core"]["hardlink_lock"] and config["core"]["no_scm"]
    assert config["cache"]["dir"] == str(toy.folder / ".dvc" / "cache")


def test_a_stage_that_runs_every_time_is_no_failure(toy):
    path = toy.folder / "dvc.yaml"
    pipeline = json.loads(path.read_text())
    pipeline["stages"]["clock"] = {
        "cmd": "python step.py clock data/clock",
        "outs": ["data/clock"],
        "always_changed": True,
    }
    command = "python step.py after data/after/clock data/clock"
    pipeline["stages"]["after"] = {
        "cmd": command,
        "deps": ["data/clock", "step.py"],
        "outs": ["data/after/clock"],
    }
    path.write_text(json.dumps(pipeline))
    toy.repro("--jobs", "2")
    before = len(toy.ran())
    assert {"clock", "after", "report"} <= set(toy.ran())
    toy.repro("--jobs", "2")
    assert set(toy.ran()[before:]) == {"clock"}


def test_a_stage_whose_worker_is_killed_starts_again(toy):
    held = toy.hold("a")
    process = toy.start("--jobs", "2")
    stage = toy.wait_for("a", "b")["a"]
    worker = worker_of(stage)
    os.kill(worker, signal.SIGKILL)
    wait_until_gone(worker, stage)
    held.unlink()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "a: the process that ran it was killed; it starts again" in output
    assert toy.ran().count("a") == 2 and toy.ran().count("b") == 1


def test_a_driver_that_is_killed_leaves_no_process_and_the_next_runs_nothing_again(toy):
    held = toy.hold("a")
    process = toy.start("--jobs", "2")
    stages = toy.wait_for("a", "after_b")
    worker = worker_of(stages["a"])
    while "after_b: done" not in process.stdout.readline():
        pass
    process.kill()
    wait_until_gone(worker, *stages.values())
    held.unlink()
    before = len(toy.ran())
    toy.repro("--jobs", "2")
    assert sorted(toy.ran()[before:]) == ["a", "after_a", "all", "report"]
    assert (toy.folder / "dvc.lock").read_bytes() == serial_lock(toy)


def test_ctrl_c_stops_everything_and_a_second_run_meanwhile_is_refused(toy):
    toy.hold("a")
    toy.hold("b")
    process = toy.start("--jobs", "2")
    stages = toy.wait_for("a", "b")
    workers = [worker_of(stages[name]) for name in ("a", "b")]
    refused = toy.repro("--jobs", "2", code=1)
    assert refused == "error: another `make repro` is under way in this repository\n"
    interrupt(process)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 130 and "Traceback" not in output
    assert output.splitlines()[-1] == "interrupted; `make repro` goes on"
    wait_until_gone(*workers, *stages.values())
    assert not list((toy.folder / ".genbench" / "workers").iterdir())


def test_what_dvc_refuses_is_said_once_and_nothing_runs(toy):
    output = toy.repro("--jobs", "2", "no_such_stage", code=1)
    assert output.count("no_such_stage") == 1 and toy.ran() == []
    assert output.splitlines()[-1] == "error: nothing was run, for the reason above"
    assert toy.repro("--jobs", "0", code=1) == "error: JOBS must be at least 1, got 0\n"
