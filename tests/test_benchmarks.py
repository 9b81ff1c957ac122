"""The benchmarks run and print a table; what they measure is for those who call them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    "command, first",
    [
        (["trainer.py", "vae_mlp"], "| vae_mlp | 28x28x1 |"),
        (["choices.py", "at_once_1_thread", "--cases", "gan 28x28x1"], "| at_once_1_thread |"),
    ],
)
def test_a_benchmark_prints_ratios(command, first):
    words = [sys.executable, FOLDER / command[0], *command[1:], "--pairs", "1", "--seconds", "0.1"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.split("|---|\n")[1].splitlines()
    assert line.startswith(first) and re.search(r"\d\.\d+ \(\d+\.\d+ to \d+\.\d+\)", line)
