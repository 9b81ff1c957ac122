"""Stages on two nodes of a real Slurm, one of which is lost."""

import os

import pytest
from slurm import Slurm, missing
from toy import Toy, serial_lock

pytest.importorskip("parsl", reason="needs Parsl, which `make setup` installs")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "Slurm is here"),
]
FILE = """
cpu:
  provider: slurm
  nodes: 2
  address: 127.0.0.1
  options:
    partition: test
    walltime: "00:10:00"
"""


@pytest.fixture
def slurm(tmp_path):
    with Slurm(tmp_path / "slurm") as slurm:
        yield slurm


def test_a_node_that_is_lost_costs_its_stage_a_start_and_the_end_is_that_of_a_serial_run(
    slurm, tmp_path, monkeypatch
):
    monkeypatch.setenv("RAN", str(tmp_path / "ran.txt"))
    monkeypatch.setenv("SLURM_CONF", slurm.env["SLURM_CONF"])
    monkeypatch.setenv("PATH", slurm.env["PATH"])
    toy = Toy(tmp_path, "project")
    path = tmp_path / "cluster.yaml"
    path.write_text(FILE)
    held = toy.hold("a")
    process = toy.start("--config", str(path))
    stages = toy.wait_for("a", "after_b")
    node = slurm.node_of(stages["a"])
    slurm.kill_node(node)
    held.unlink()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0 and "a: " in output, output
    assert "it starts again" in output
    assert toy.ran().count("a") == 2 and toy.ran().count("b") == 1
    assert (toy.folder / "dvc.lock").read_bytes() == serial_lock(toy)
    assert slurm.run("squeue", "-h", "-t", "RUNNING") == ""
    assert not os.listdir(toy.folder / ".genbench" / "workers")
