"""A queue of experiments whose processes were all killed goes on as the README says."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from repository import commit, queue, ref, run
from toy import Toy, wait_until_gone, worker_of

pytestmark = pytest.mark.slow
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def start(folder, jobs=1):
    """Start workers; they go on in the background, and would keep a pipe open."""
    run(folder, "sh", "-c", f"dvc queue start --jobs {jobs} > /dev/null 2>&1")


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
    while sorted(queue(folder).values()) != states:
        assert time.monotonic() < end, queue(folder)
        time.sleep(2)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    toy = Toy(tmp_path)
    monkeypatch.setenv("RAN", str(toy.ran_file))
    run(toy.folder, "dvc", "repro")
    commit(toy.folder)
    yield toy
    kill_all_in(toy.folder)


def hold_until_running(toy, *names):
    """Queue and start experiments, and hold each at its stage `a`; the file that holds them."""
    held = toy.hold("a")
    before = toy.ran().count("a")
    for name in names:
        run(toy.folder, "dvc", "exp", "run", "--queue", "--name", name, "-S", f"scale={len(name)}")
    start(toy.folder, len(names))
    while toy.ran().count("a") < before + len(names):
        time.sleep(0.05)
    return held


def test_a_queue_whose_processes_were_killed_goes_on_with_the_commands_of_the_readme(toy):
    held = hold_until_running(toy, "first")
    run(toy.folder, "dvc", "exp", "run", "--queue", "--name", "second", "-S", "scale=6")
    words = [Path(sys.executable).parent / "dvc", "queue", "logs", "first", "--follow"]
    with subprocess.Popen(words, cwd=toy.folder, start_new_session=True) as logs:
        time.sleep(2)
        os.killpg(logs.pid, signal.SIGINT)  # ends this command, and not the experiment
    assert queue(toy.folder) == {"first": "Running", "second": "Queued"}
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
    wait_for(toy.folder, ["Success", "Success"])


def test_an_experiment_that_is_killed_leaves_those_beside_it_alone(toy):
    held = hold_until_running(toy, "first", "second", "the-third")
    stage = toy.wait_for("a")["a"]
    killed = worker_of(stage), stage
    for process in killed:
        os.kill(process, signal.SIGKILL)
    wait_until_gone(*killed)
    held.unlink()
    wait_for(toy.folder, ["Failed", "Success", "Success"])
    for name, state in queue(toy.folder).items():
        assert bool(ref(toy.folder, name)) == (state == "Success")
        if state == "Success":
            params = run(toy.folder, "git", "show", f"{ref(toy.folder, name)}:params.yaml")
            assert f"scale: {len(name)}" in params
