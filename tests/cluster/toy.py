"""A small pipeline with all kinds of stages, in a repository of its own; each takes a moment."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from repository import commit, run

PARAMS = "seed: 0\nscale: 1e-05\n"
IGNORE = "/.genbench/\n/data/\n/reports/\n__pycache__/\n"
STEP = """
import os, pathlib, sys, time
name, out, *ins = sys.argv[1:]
with open(os.environ["RAN"], "a") as file:
    file.write(f"{name} {os.getpid()} {pathlib.Path.cwd()}\\n")
hold = pathlib.Path(os.environ["RAN"]).with_name(f"hold-{name}")
while hold.exists():
    time.sleep(0.02)
if pathlib.Path(os.environ["RAN"]).with_name(f"fail-{name}").exists():
    sys.exit(f"error: {name} cannot go on")
from library.text import OPENING
text = "".join(
    file.read_text()
    for path in map(pathlib.Path, ins)
    for file in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])
)
out = pathlib.Path(out)
out.mkdir(parents=True, exist_ok=True)
(out / "it.txt").write_text(f"{OPENING} {name} of {len(text)} letters: {text}\\n")
"""
PIPELINE = {
    "params": ("data/params.validated", ["params.yaml"], {"persist": True}),
    "download": ("data/downloaded", ["data/params.validated"], {"persist": True}),
    "b": ("data/models/b", ["data/downloaded"], {}),
    "a": ("data/models/a", ["data/downloaded"], {}),
    "after_a": ("data/after/a", ["data/models/a"], {}),
    "after_b": ("data/after/b", ["data/models/b"], {}),
    "all": ("data/all", ["data/after"], {}),
    "report": ("reports", ["data/models", "data/samples", "data/all"], {"cache": False}),
}
"""For each stage its output, what it reads, and what DVC is told of the output."""
MOVABLE = ["b", "a", "after_a", "after_b", "all"]


def make(folder: Path) -> Path:
    """The repository, committed, without results."""
    stages = {}
    for name, (out, deps, told) in PIPELINE.items():
        read = [path for path in deps if path not in ("data/samples",)]
        stages[name] = {
            "cmd": f"python step.py {name} {out} {' '.join(read)}",
            "deps": [*read, "step.py", "library"],
            "params": ["scale"],
            "outs": [{out: told}] if told else [out],
        }
    (folder / "library").mkdir(parents=True)
    (folder / "library" / "text.py").write_text("OPENING = 'This is'\n")
    (folder / "step.py").write_text(STEP)
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    (folder / ".gitignore").write_text(IGNORE)
    (folder / ".dvcignore").write_text("__pycache__\n.genbench\n")
    run(folder, "git", "init", "-q")
    run(folder, "dvc", "init", "-q")
    run(folder, "dvc", "config", "core.analytics", "false")
    commit(folder)
    return folder


class Toy:
    """The repository, and what its stages note outside of it."""

    template: Path | None = None
    """The repository, made once."""

    def __init__(self, folder: Path, name: str = "my project"):
        if Toy.template is None or not Toy.template.exists():
            Toy.template = make(folder / "template")
        self.ran_file = folder / "ran.txt"
        self.folder = Path(shutil.copytree(Toy.template, folder / name))

    def start(self, *options: str) -> subprocess.Popen:
        """`python -m genbench.cluster repro`, in a process group of its own as a terminal has."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [sys.executable, "-m", "genbench.cluster", "repro", *options],
            cwd=self.folder,
            env={**os.environ, "PATH": path, "RAN": str(self.ran_file)},
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def repro(self, *options: str, code: int = 0) -> str:
        """What a whole run prints."""
        process = self.start(*options)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == code and "Traceback" not in output, output
        return output

    def ran(self) -> list[str]:
        """Names of the stages that were run, in order of their starts."""
        return [line.split()[0] for line in self._lines()]

    def _lines(self) -> list[str]:
        return self.ran_file.read_text().splitlines() if self.ran_file.exists() else []

    def places(self) -> dict[str, str]:
        """The folder in which each stage ran last."""
        return {line.split()[0]: line.split(maxsplit=2)[2] for line in self._lines()}

    def hold(self, name: str) -> Path:
        """A file that makes a stage wait until it is gone."""
        path = self.ran_file.with_name(f"hold-{name}")
        path.touch()
        return path

    def fail(self, name: str) -> Path:
        """A file that makes a stage fail."""
        path = self.ran_file.with_name(f"fail-{name}")
        path.touch()
        return path

    def wait_for(self, *names: str) -> dict[str, int]:
        """Wait until all of these have been started; their processes."""
        end = time.monotonic() + 200
        while not set(names) <= set(self.ran()):
            assert time.monotonic() < end, self.ran()
            time.sleep(0.02)
        return {line.split()[0]: int(line.split()[1]) for line in self._lines()}


def wait_until_gone(*processes: int) -> None:
    """Wait until none of the processes is there any more."""
    end = time.monotonic() + 60
    while alive := [pid for pid in processes if _is_alive(pid)]:
        assert time.monotonic() < end, alive
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def worker_of(pid: int) -> int:
    """The process that runs a stage: the parent of the stage, or of the shell between them."""
    parent = psutil.Process(pid).parent()
    return parent.ppid() if "-c" in parent.cmdline()[:2] else parent.pid


def interrupt(process: subprocess.Popen) -> None:
    """Ctrl-C, as a terminal sends it."""
    os.killpg(process.pid, signal.SIGINT)


def serial_lock(toy, empty: bool = True) -> bytes:
    """dvc.lock as one `dvc repro` with an empty cache writes it; at the start there is none.

    empty : False where there is one at the start, that of the last commit
    """
    other = toy.folder.with_name("serial")
    run(toy.folder, "git", "clone", "-q", ".", str(other))
    if empty:
        (other / "dvc.lock").unlink(missing_ok=True)
    shutil.copytree(toy.folder / "library", other / "library", dirs_exist_ok=True)
    for name in ("data/models", "data/samples"):
        (other / name).mkdir(parents=True, exist_ok=True)
    run(other, "dvc", "repro")
    return (other / "dvc.lock").read_bytes()
