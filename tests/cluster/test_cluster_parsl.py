"""Stages on machines that Parsl starts: here, as many processes of its local provider."""

import os
import signal
import textwrap

import pytest
from repository import run
from toy import MOVABLE, Toy, interrupt, serial_lock, wait_until_gone, worker_of

pytest.importorskip("parsl", reason="needs Parsl, which `make setup` installs")
pytestmark = pytest.mark.slow
TWO = """
    cpu:
      provider: local
      nodes: 2
      address: 127.0.0.1
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setenv("RAN", str(tmp_path / "ran.txt"))
    return Toy(tmp_path, "project")


def cluster(toy, text) -> tuple[str, str]:
    path = toy.folder.with_name("cluster.yaml")
    path.write_text(textwrap.dedent(text))
    return "--config", str(path)


def test_machines_that_share_the_folder_end_with_the_lock_of_a_serial_run(toy):
    held = toy.hold("a")
    process = toy.start(*cluster(toy, TWO))
    stage = toy.wait_for("a", "after_b")["a"]
    worker = worker_of(stage)
    os.kill(worker, signal.SIGKILL)
    wait_until_gone(worker, stage)
    held.unlink()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "a: the process that ran it was killed; it starts again" in output
    assert toy.ran().count("a") == 2 and toy.ran().count("b") == 1
    assert (toy.folder / "dvc.lock").read_bytes() == serial_lock(toy)
    assert not list((toy.folder / ".genbench" / "workers").iterdir())


def test_machines_that_share_nothing_but_a_remote_end_with_the_lock_of_a_serial_run(toy, tmp_path):
    run(toy.folder, "dvc", "remote", "add", "--local", "--default", "shelf", tmp_path / "shelf")
    own = f"export SCRATCH=$(mktemp -d {tmp_path}/node-XXXX)"
    text = f"{TWO}\n      setup: {own}\n    exchange: remote\n    scratch: $SCRATCH\n"
    where = cluster(toy, text)
    failing = toy.fail("after_b")
    output = toy.repro(*where, code=1)
    (line,) = [line for line in output.splitlines() if line.startswith("after_b failed: ")]
    assert "error: after_b cannot go on" in (toy.folder / line.partition("; see ")[2]).read_text()
    failing.unlink()
    toy.repro(*where)
    assert sorted(toy.ran()) == sorted(["params", "download", "report", "after_b", *MOVABLE])
    nodes = {toy.places()[name].partition("/node-")[2].partition("/")[0] for name in MOVABLE}
    assert len(nodes) >= 2 and "" not in nodes
    assert (toy.folder / "dvc.lock").read_bytes() == serial_lock(toy)


def test_a_remote_that_is_not_there_is_a_line(toy, tmp_path):
    text = f"{TWO}\n    exchange: remote\n    scratch: {tmp_path}/scratch\n"
    output = toy.repro(*cluster(toy, text), code=1)
    assert "cluster.yaml: exchange: remote needs a default remote of DVC" in output.splitlines()[-1]


def test_ctrl_c_stops_the_machines(toy):
    toy.hold("a")
    process = toy.start(*cluster(toy, TWO))
    stage = toy.wait_for("a")["a"]
    worker = worker_of(stage)
    interrupt(process)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 130 and "Traceback" not in output, output
    wait_until_gone(stage, worker)
