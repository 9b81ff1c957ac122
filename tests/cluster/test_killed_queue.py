"""A queue of experiments whose processes were all killed goes on as the README says."""

import re
import time
from pathlib import Path

import psutil
import pytest
from repository import commit, queue, run
from toy import Toy

pytestmark = pytest.mark.slow
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def start(folder):
    """Start a worker; it goes on in the background, and would keep a pipe open."""
    run(folder, "sh", "-c", "dvc queue start > /dev/null 2>&1")


def kill_all_in(folder):
    """kill -9 of every process that works in this folder, or below, and of no other."""
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                process.kill()
        except psutil.Error:
            continue


def wait_for(folder, states):
    end = time.monotonic() + 200
    while queue(folder) != states:
        assert time.monotonic() < end, queue(folder)
        time.sleep(0.5)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    toy = Toy(tmp_path)
    monkeypatch.setenv("RAN", str(toy.ran_file))
    run(toy.folder, "dvc", "repro")
    commit(toy.folder)
    yield toy
    kill_all_in(toy.folder)


def test_a_queue_whose_processes_were_killed_goes_on_with_the_commands_of_the_readme(toy):
    held = toy.hold("a")
    before = len(toy.ran())
    for name in ("first", "second"):
        run(toy.folder, "dvc", "exp", "run", "--queue", "--name", name, "-S", f"scale={len(name)}")
    start(toy.folder)
    while "a" not in toy.ran()[before:]:
        time.sleep(0.05)
    kill_all_in(toy.folder)
    held.unlink()
    assert queue(toy.folder) == {"first": "Running", "second": "Queued"}
    (commands,) = re.findall(r"```sh\n(dvc queue kill .*?)```", README, re.DOTALL)
    kill, remove, again, go_on = (line.split("#")[0].split() for line in commands.splitlines())
    run(toy.folder, *kill[:-1], "first")
    assert queue(toy.folder) == {"first": "Failed", "second": "Queued"}
    run(toy.folder, *remove)
    run(toy.folder, *again[: again.index("-S")], "--name", "first", "-S", "scale=5")
    assert go_on[:3] == ["dvc", "queue", "start"]
    start(toy.folder)
    wait_for(toy.folder, {"first": "Success", "second": "Success"})
