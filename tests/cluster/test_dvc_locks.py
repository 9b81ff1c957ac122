"""Locks of DVC that nobody holds: named with the command that removes them."""

import json
import subprocess
import sys

import pytest
from repository import run
from toy import Toy

from genbench.cluster import dvc_locks
from genbench.utils.errors import InputError


@pytest.fixture
def locks(tmp_path, monkeypatch):
    """The file of DVC's locks, which is not there yet."""
    monkeypatch.chdir(tmp_path)
    dvc_locks.LOCKS.parent.mkdir(parents=True)
    return dvc_locks.LOCKS


@pytest.fixture
def stranger():
    """The id of a living process that is not DVC."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def held_by(pid, *, mode):
    info = {"pid": pid, "cmd": "dvc repro"}
    return json.dumps({mode: {"/a/data": [info] if mode == "read" else info}})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"write": {"a": 5}}', "\0"])
def test_a_damaged_file_is_named_with_the_command_that_removes_it(locks, text):
    locks.write_text(text)
    with pytest.raises(InputError, match="rwlock is damaged; .* remove it: `rm .dvc/tmp/rwlock`"):
        dvc_locks.check()


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_process_id_that_is_a_strangers_by_now_is_named(locks, stranger, mode):
    locks.write_text(held_by(stranger, mode=mode))
    line = rf"process id {stranger} is another's now \(.*python.*\); .* `rm .dvc/tmp/rwlock`"
    with pytest.raises(InputError, match=line):
        dvc_locks.check()


def test_what_dvc_removes_or_waits_for_itself_is_left_to_it(locks):
    dvc_locks.check()
    locks.write_text("{}")
    dvc_locks.check()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    locks.write_text(held_by(gone.pid, mode="write"))
    dvc_locks.check()
    command = [sys.executable, "-c", "input()", "dvc", "repro"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as other:
        locks.write_text(held_by(other.pid, mode="write"))
        dvc_locks.check()
        other.communicate(b"\n")


def test_a_dvc_that_starts_at_this_moment_is_no_stranger(locks, monkeypatch):
    class Starting:
        answers = [[], [], ["python", "-m", "dvc", "repro"]]

        def __init__(self, pid):
            pass

        def cmdline(self):
            return self.answers.pop(0)

        def name(self):
            return "python"

    monkeypatch.setattr(dvc_locks.psutil, "Process", Starting)
    locks.write_text(held_by(1, mode="write"))
    dvc_locks.check()
    assert not Starting.answers


@pytest.mark.slow
def test_dvc_stops_at_these_locks_and_make_repro_says_so_first(tmp_path, stranger, monkeypatch):
    toy = Toy(tmp_path)
    monkeypatch.setenv("RAN", str(toy.ran_file))
    path = toy.folder / dvc_locks.LOCKS
    out = toy.folder / "data" / "params.validated"
    info = {"pid": stranger, "cmd": "dvc repro"}
    for text in ("", json.dumps({"write": {str(out): info}})):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        run(toy.folder, "dvc", "repro", ok=False)
        for jobs in "12":
            line = toy.repro("--jobs", jobs, code=1)
            assert line.startswith("error: .dvc/tmp/rwlock ") and line.count("\n") == 1
        assert toy.ran() == []
    path.unlink()
    toy.repro("--jobs", "2", "download")
    assert toy.ran() == ["params", "download"] and out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["params.yaml", "dvc.lock"])
def test_a_file_that_dvc_cannot_read_is_one_line_of_make_repro(tmp_path, name):
    toy = Toy(tmp_path)
    for text in ("[" * 5000, "a: 1\na: 2\n", "a: 2001-99-99\n"):
        (toy.folder / name).write_text(text)
        line = toy.repro("--jobs", "2", code=1)
        assert line.startswith(f"error: {name}") and line.count("\n") == 1
        assert "not valid YAML" in line and toy.ran() == []
