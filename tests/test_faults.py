"""The list of planted faults is kept true: each still changes one place into code that is read."""

import ast
import multiprocessing
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import faults  # noqa: E402

LISTS = sorted(path.stem for path in faults.LISTS.glob("*.yaml"))


@pytest.mark.parametrize("name", LISTS)
def test_every_planted_fault_changes_one_place_of_todays_code(name):
    for fault in faults.load_faults([name]):
        assert fault.keys() == {"file", "old", "new", "why"}, fault
        text = read(fault["file"])
        assert text.count(fault["old"]) == 1, fault
        assert parse(fault["file"], text.replace(fault["old"], fault["new"])) != code_of(
            fault["file"]
        ), fault


@cache
def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def code_of(file: str) -> str:
    return parse(file, read(file))


def parse(file: str, text: str) -> str:
    """The text without what changes nothing, such as comments."""
    return ast.dump(ast.parse(text)) if file.endswith(".py") else str(yaml.safe_load(text))


def test_a_fault_that_a_test_sees_is_noticed_and_taken_back(tmp_path, monkeypatch):
    monkeypatch.setattr(faults, "PROCESSES", multiprocessing.get_context("spawn"))
    (tmp_path / "src" / "genbench").mkdir(parents=True)
    (tmp_path / "src" / "genbench" / "__init__.py").touch()
    code = tmp_path / "src" / "genbench" / "doubling.py"
    code.write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "tests").mkdir()
    test = (
        "from genbench.doubling import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    )
    (tmp_path / "tests" / "test_doubling.py").write_text(test)
    fault = {"file": "src/genbench/doubling.py", "old": "2 * x", "new": "2 + x", "why": ""}
    assert faults.plant(fault, tmp_path) is None  # 2 + 2 is 4
    fault["new"] = "3 * x"
    assert faults.plant(fault, tmp_path) == "test_doubling.py::test_double"
    assert "2 * x" in code.read_text()
