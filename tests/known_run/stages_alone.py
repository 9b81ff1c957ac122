"""Stages run alone: each in an empty folder that holds what dvc.yaml declares for it, no more.

Code and data are links; of the choices, only the declared ones can be read. Every file that is
opened and every choice that is read is noted, so what is declared in vain shows as well.
"""

import hashlib
import itertools
import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from forked_python import programs

from genbench.utils import files

ROOT = Path(__file__).parents[2]
ONE_PROCESS = Path(__file__).with_name("one_process.py")
SECONDS = 120
CODE = ("src", "stages", "plugins")
"""Folders that a run needs beside params.yaml."""


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml for one item of its matrix; paths start at the repository's root."""

    name: str
    item: dict[str, object]
    command: list[str]
    deps: list[str]
    params: list[str]
    outs: list[str]

    @property
    def kind(self) -> str:
        """The name in dvc.yaml."""
        return self.name.partition("@")[0]

    @property
    def options(self) -> dict[str, str]:
        """The options of its command, with the paths that they name."""
        words = self.command[2:]
        named = {key: str(value) for key, value in self.item.items()}
        return {
            option: value.format(**named)
            for option, value in zip(words[::2], words[1::2], strict=True)
        }

    @property
    def whole_params(self) -> bool:
        """Whether the stage may read all choices."""
        return "params.yaml" in (*self.deps, *self.params)


def expand(pipeline: dict, choices: dict) -> list[Stage]:
    """All stages of a dvc.yaml, in its order, for the choices of a params.yaml."""
    stages = []
    for kind, entry in pipeline["stages"].items():
        if "foreach" in entry:
            continue  # only there for DVC to look at a list
        axes = {
            axis: values if isinstance(values, list) else _look_up(choices, values[2:-1])
            for axis, values in entry.get("matrix", {}).items()
        }
        for values in itertools.product(*axes.values()):
            item = dict(zip(axes, values, strict=True))
            name = "@".join([kind, "-".join(map(str, values))]) if item else kind
            keys = [_key(line) for line in entry.get("params", [])]
            outs = [_key(line) for line in entry.get("outs", []) + entry.get("metrics", [])]
            stages.append(
                Stage(
                    name=name,
                    item=item,
                    command=shlex.split(_fill(entry["cmd"], item)),
                    deps=[_fill(_key(line), item) for line in entry["deps"]],
                    params=[_fill(key, item) for key in keys],
                    outs=[_fill(key, item) for key in outs],
                )
            )
    return stages


def _key(line: str | dict) -> str:
    return line if isinstance(line, str) else next(iter(line))


def _fill(text: str, item: dict) -> str:
    text = re.sub(r"\$\{item\.(\w+)\}", lambda match: str(item[match[1]]), text)
    options = (f"--{key} {shlex.quote(str(value))}" for key, value in item.items())
    return text.replace("${item}", " ".join(options))


def _look_up(tree: dict, key: str):
    for part in key.split("."):
        tree = tree[part]
    return tree


@dataclass(frozen=True)
class Reads:
    """What a stage opened (paths from the root), wrote, and which declared choices it read."""

    opened: set[str]
    written: set[str]
    params: set[str]


def run_alone(stage: Stage, results: Path, folder: Path) -> Reads:
    """Run a stage in a new folder that holds what it declares and nothing else.

    results : folder with params.yaml and what the stages before have made
    """
    folder.mkdir(parents=True)
    link(folder / "params.yaml", results / "params.yaml")
    for dep in stage.deps:
        source = results if dep.startswith(("data/", "metrics/")) else ROOT
        link(folder / dep, source / dep)
    packages = {"src/genbench", *(os.path.dirname(d) for d in stage.deps if d.startswith("src/"))}
    for package in packages:  # docstrings, which nobody declares
        link(folder / package / "__init__.py", ROOT / package / "__init__.py")
    link(folder / "stages" / "genbench", Path("../src/genbench"))
    run_command(stage, folder, None if stage.whole_params else stage.params)
    for out in stage.outs:
        assert (folder / out).exists(), f"{stage.name} has not made {out}"
    return Reads(**{k: set(v) for k, v in json.loads((folder / "reads.json").read_text()).items()})


def run_command(stage: Stage, folder: Path, declared: list[str] | None) -> None:
    """Run a stage's command in a folder, with the declared choices or, for None, with all."""
    code, output = end_of_command(stage, folder, declared)
    assert code == 0, f"{stage.name} ends with {code}\n{output}"


def end_of_command(stage: Stage, folder: Path, declared: list[str] | None) -> tuple[int, str]:
    """How a stage's command ends in a folder, and what it prints."""
    words = [programs() / "python", ONE_PROCESS, json.dumps(declared), *stage.command[1:]]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(words, cwd=folder, timeout=SECONDS, **pipes)
    return done.returncode, done.stdout


def keep(stage: Stage, folder: Path, results: Path) -> None:
    """Move what a stage has made, and what it told MLflow, to the results."""
    facts = [path.relative_to(folder) for path in folder.glob(".genbench/facts/*.json")]
    for name in [*stage.outs, *facts, "mlflow.db", "mlartifacts"]:
        if (folder / name).exists():
            (results / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).rename(results / name)


def link(path: Path, target: Path) -> None:
    """A symbolic link, if there is something to link to and nothing in the place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() and (path.parent / target).exists():
        path.symlink_to(target)


def digests(stage: Stage, folder: Path) -> dict[str, str]:
    """The sha256 of every file of a stage's outputs."""
    files = [path for out in stage.outs for path in (folder / out, *(folder / out).rglob("*"))]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def load_pipeline() -> dict:
    """The repository's dvc.yaml."""
    return files.load_yaml(ROOT / "dvc.yaml")
