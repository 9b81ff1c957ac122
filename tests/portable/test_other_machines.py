"""The same bytes on an emulated processor, with other numbers of cores, in another locale."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("small_run.py")
EMULATOR = shutil.which("qemu-x86_64")
LOCALE = {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "PYTHONUTF8": "0"}
THREADS = {"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}
CODE = """
import os, runpy, sys
os.cpu_count = lambda: 4
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def small_run(folder, *before, script=(str(SCRIPT),), **variables):
    """The hashes of `small_run.py`, run by this Python after the words of `before`."""
    folder.mkdir()
    words = [*before, sys.executable, *script, str(folder)]
    env = os.environ | variables
    done = subprocess.run(words, capture_output=True, text=True, env=env, cwd=folder, timeout=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def different(one, other):
    assert one.keys() == other.keys()
    return {name for name in one if one[name] != other[name]}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portable") / "here"
    return small_run(folder, "taskset", "-c", "0", **LOCALE)


@pytest.mark.skipif(not EMULATOR, reason="needs qemu-x86_64 (Debian: qemu-user)")
def test_an_intel_processor_without_avx_512_gives_the_same_bytes(here, tmp_path):
    assert different(here, small_run(tmp_path / "there", EMULATOR, "-cpu", "Haswell")) == set()


def test_cores_threads_and_locale_change_nothing(here, tmp_path):
    there = small_run(tmp_path / "there", script=("-c", CODE, str(SCRIPT)), **THREADS)
    assert different(here, there) == set()
