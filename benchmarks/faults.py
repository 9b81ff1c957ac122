"""How many faults would the tests notice? Plants one at a time in a copy, and runs what may see it.

A fault is noticed if a test fails: one of the same folder under tests/, of the tiny run with known
answers, or else of the whole fast suite (what is not slow). The faults stand in faults/*.yaml:
`file`, `old` (occurs once in it), `new`, and `why` it matters.
"""

import argparse
import multiprocessing
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
LISTS = Path(__file__).with_suffix("")
SECONDS = 900
os.environ["OMP_NUM_THREADS"] = "1"  # read when the server of processes imports torch
PROCESSES = multiprocessing.get_context("forkserver")
LIBRARIES = ["torch", "torchmetrics.image.fid", "sklearn.manifold", "vl_convert", "pytest"]
PROCESSES.set_forkserver_preload(LIBRARIES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lists", nargs="*", help="names of files in faults/; without any: all")
    parser.add_argument("--only", default="", help="only faults whose file or reason has this text")
    parser.add_argument("--jobs", type=int, default=2, help="copies that are tried side by side")
    parser.add_argument("--near", action="store_true", help="run only the tests nearby")
    options = parser.parse_args()
    faults = load_faults(options.lists)
    faults = [fault for fault in faults if options.only in f"{fault['file']} {fault['why']}"]
    random.Random(0).shuffle(faults)  # the share so far is then one of all
    with tempfile.TemporaryDirectory() as folder:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for i in range(options.jobs):
            copies.put(copy_repository(Path(folder) / str(i)))

        check_without_fault(faults, Path(folder) / "0")

        def try_one(fault: dict) -> bool:
            copy = copies.get()
            noticed_by = plant(fault, copy, only_near=options.near)
            copies.put(copy)
            print(f"{noticed_by or 'NOT NOTICED':40} {fault['file']}: {fault['why']}", flush=True)
            return bool(noticed_by)

        with ThreadPoolExecutor(options.jobs) as pool:
            noticed = list(pool.map(try_one, faults))
    for fault, seen in zip(faults, noticed, strict=True):
        if not seen:
            print(f"\nnot noticed: {fault['why']}\n  {fault['file']}: {fault['old']!r}")
    print(
        f"\n{sum(noticed)} of {len(faults)} faults were noticed ({sum(noticed) / len(faults):.1%})"
    )


def load_faults(names: Sequence[str] = ()) -> list[dict]:
    """All faults of the lists with these names, or of all lists."""
    paths = [LISTS / f"{name}.yaml" for name in names] or sorted(LISTS.glob("*.yaml"))
    return [f for path in paths for f in yaml.safe_load(path.read_text(encoding="utf-8"))]


def copy_repository(folder: Path) -> Path:
    """Everything that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        if os.path.lexists(ROOT / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def check_without_fault(faults: list[dict], copy: Path) -> None:
    """Stop if one of the nearby tests fails already: it would seem to notice everything."""
    near = {test for fault in faults for test in groups_of_tests(fault["file"], copy)[1]}
    if failure := first_failure(copy, sorted(near)):
        raise SystemExit(f"without any fault, {failure} fails")


def plant(fault: dict, copy: Path, *, only_near: bool = False) -> str | None:
    """Who notices the fault: the first test that fails. None if none does."""
    path = copy / fault["file"]
    text = path.read_text(encoding="utf-8")
    if text.count(fault["old"]) != 1:
        raise ValueError(f"{fault['file']} does not hold once: {fault['old']}")
    write(path, text.replace(fault["old"], fault["new"]))
    try:
        groups = groups_of_tests(fault["file"], copy)[: 2 if only_near else None]
        return next(filter(None, (first_failure(copy, tests) for tests in groups if tests)), None)
    finally:
        write(path, text)


def write(path: Path, text: str) -> None:
    """Replace a file's text; bytecode is told from its source by size and whole seconds alone."""
    later = path.stat().st_mtime + 2
    path.write_text(text, encoding="utf-8")
    os.utime(path, (later, later))


def groups_of_tests(file: str, copy: Path) -> list[list[str]]:
    """What to run for a fault in a file: its own tests, those of its folder, then all others."""
    if not file.startswith("src/"):
        return [["tests/test_architecture.py"], ["tests/known_run"], ["tests"]]
    room = Path(file).parts[2].removesuffix(".py")
    words = [word for word in Path(file).stem.split("_") if word != "results"]
    own = [path for word in words for path in copy.glob(f"tests/{room}/test_*{word}*.py")]
    of_room = [copy / f"tests/{room}", copy / f"tests/test_{room}.py"]
    known = [copy / "tests" / "known_run"]
    groups = [dict.fromkeys(own), of_room, known, [copy / "tests"]]
    return [[str(path.relative_to(copy)) for path in group if path.exists()] for group in groups]


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """The name of the first test that fails, of these; None if all pass."""
    log = copy / "tests.log"
    process = PROCESSES.Process(target=run_tests, args=(copy, tests, log))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        return f"{tests[0]} does not end"
    if process.exitcode in (0, 5):  # 5: no test is there
        return None
    lines = [x for x in log.read_text().splitlines() if x.startswith(("FAILED", "ERROR"))]
    return lines[0].split()[1].removeprefix("tests/") if lines else f"exit {process.exitcode}"


def run_tests(copy: Path, tests: list[str], log: Path) -> None:
    """In a process of its own: pytest with the code of the copy."""
    import pytest

    os.chdir(copy)
    sys.dont_write_bytecode = False  # or every run would compile the copy again
    os.environ["PYTHONPATH"] = str(copy / "src")
    sys.path.insert(0, str(copy / "src"))
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    options = ["-x", "-q", "-m", "not slow", "--no-header", "-p", "no:cacheprovider"]
    code = pytest.main([*options, *tests])
    sys.stdout.flush()
    os._exit(int(code))


if __name__ == "__main__":
    main()
