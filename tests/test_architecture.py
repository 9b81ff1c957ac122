"""Imports point one way, heavy libraries stay where they belong, stages declare what they read."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from genbench import models

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "genbench"
STAGES = sorted((ROOT / "stages").glob("*.py"))
MODULES = sorted(SOURCE.rglob("*.py"))
NO_STAGE = {"track"}
"""Scripts that DVC does not run."""


def imported(path: Path) -> set[str]:
    """Dotted names of everything a file imports, lazily or not; relative names made absolute."""
    package = ["genbench", *path.relative_to(SOURCE).parts[:-1]] if SOURCE in path.parents else []
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def module_files(name: str) -> set[Path]:
    """The files of ours behind a dotted name: none, a module, or a package's __init__."""
    path = SOURCE.joinpath(*name.split(".")[1:])
    found = [path.with_suffix(".py"), path / "__init__.py"] if name.startswith("genbench.") else []
    return {p for p in found if p.exists()}


def reached(path: Path) -> set[Path]:
    """Every file of ours that a file imports, directly or through others."""
    seen, todo = set(), [path]
    while todo:
        for name in imported(todo.pop()):
            new = module_files(name) - seen
            seen |= new
            todo += new
    return seen


def test_only_one_module_imports_each_heavy_library():
    owners = {
        "mlflow": {"tracking"},
        "matplotlib": {"figures"},
        "torchmetrics": {"metrics", "outliers", "extractors"},
        "torch_fidelity": {"extractors"},
    }
    for library, allowed in owners.items():
        users = {p.stem for p in MODULES if {n.split(".")[0] for n in imported(p)} & {library}}
        assert users <= allowed, library


def test_models_import_nothing_but_their_tools():
    allowed = {"base", "adversarial", "variational", "nets", "losses", "optimizers", "errors"}
    for path in (SOURCE / "models").glob("*.py"):
        ours = {p.stem for name in imported(path) for p in module_files(name)} - {"__init__"}
        assert ours <= allowed, path.name
        assert not imported(path) & {"pydantic", "mlflow", "yaml"}, path.name


def test_no_stage_imports_another_and_no_module_imports_a_stage():
    names = {p.stem for p in STAGES}
    for path in STAGES:
        assert not {n for n in imported(path) if n in names}, path.name
    for path in MODULES:
        assert not {n for n in imported(path) if n.split(".")[0] == "stages"}, path.name


def test_every_module_begins_with_one_sentence():
    for path in [*MODULES, *STAGES]:
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert doc and doc.splitlines()[0].endswith("."), path


def declared(stage: dict) -> set[str]:
    return {d if isinstance(d, str) else next(iter(d)) for d in stage["deps"]}


@pytest.mark.parametrize("path", STAGES, ids=lambda p: p.stem)
def test_a_stage_declares_what_it_imports(path):
    if path.stem in NO_STAGE:
        pytest.skip("not a stage of the pipeline")
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][path.stem]
    deps = declared(stage)
    used = {p.relative_to(ROOT).as_posix() for p in reached(path)} | {f"stages/{path.name}"}
    if (template := "src/genbench/models/${item.model}.py") in deps:
        deps.remove(template)
        tools = set().union(*(reached(SOURCE / "models" / f"{name}.py") for name in models.NAMES))
        used |= {p.relative_to(ROOT).as_posix() for p in tools}
    folders = tuple(f"{d}/" for d in deps if d.startswith("src/") and not d.endswith(".py"))
    files = {d for d in deps if d.endswith(".py")}
    assert {p for p in used - files if not p.startswith(folders)} == set(), "not declared"
    assert files - used == set(), "declared, not imported"
    assert all(any(p.startswith(folder) for p in used) for folder in folders)


HEAVY = {
    "torch",
    "torchvision",
    "torchmetrics",
    "torch_fidelity",
    "sklearn",
    "matplotlib",
    "mlflow",
    "pyplot",
}
ALLOWED = {
    "params": {"torch"},
    "classifier": {"torch"},
    "reference": {"torch"},
    "train": {"torch"},
    "sample": {"torch"},
    "evaluate": {"torch"},
    "anomaly": {"torch"},
    "baselines": {"torch"},
    "betas": {"torch"},
    "latent": {"torch"},
    "sweep": {"torch"},
    "tsne": {"sklearn"},
    "report": {"matplotlib"},
}


@pytest.mark.parametrize("path", STAGES, ids=lambda p: p.stem)
def test_a_stage_starts_with_no_more_libraries_than_it_needs(path):
    code = (
        f"import runpy, sys; runpy.run_path({str(path)!r}, run_name='stage');"
        f"print(*({HEAVY!r} & {{m.split('.')[0] for m in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= ALLOWED.get(path.stem, set())
