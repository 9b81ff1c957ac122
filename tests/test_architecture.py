"""Imports point one way, heavy libraries stay where they belong, stages declare what they read."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

from genbench.models.base import registry
from genbench.utils import files

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "genbench"
STAGES = sorted((ROOT / "stages").glob("*.py"))
MODULES = sorted(SOURCE.rglob("*.py"))
SENTENCES = {
    path
    for path in MODULES
    if path.name == "__init__.py" and len(ast.parse(path.read_text(encoding="utf-8")).body) == 1
}
"""Packages' files that hold a docstring and no code."""
NO_STAGE = {"explore", "track", "verify"}
"""Scripts that DVC does not run."""


@functools.cache
def imported(path: Path, lazily: bool = True) -> set[str]:
    """Dotted names of what a file imports, in functions only if `lazily`; made absolute."""
    package = ["genbench", *path.relative_to(SOURCE).parts[:-1]] if SOURCE in path.parents else []
    names = set()
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if lazily or not isinstance(node, ast.FunctionDef):
            todo += ast.iter_child_nodes(node)
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
    return {p for p in found if p.exists()} - SENTENCES


def reached(path: Path, lazily: bool = True) -> set[Path]:
    """Every file of ours that a file imports, directly or through others."""
    seen, todo = set(), [path]
    while todo:
        for name in imported(todo.pop(), lazily):
            new = module_files(name) - seen
            seen |= new
            todo += new
    return seen


def room(path: Path) -> str:
    """The package that a file belongs to, `models/base` being one of its own."""
    *folders, _ = parts = path.relative_to(SOURCE).parts
    return "models/base" if folders[:2] == ["models", "base"] else parts[0].removesuffix(".py")


BASICS = {"utils", "params"}
RECORDS = {"training", "evaluation", "anomaly", "latent", "trials"}
"""Packages with a file `results.py`, their stages' records: all that readers import of them."""
MAY_IMPORT = {
    "__init__": {"utils", "api"},
    "utils": set(),
    "cluster": {"utils"},
    "auroc": {"utils"},
    "intervals": {"utils"},
    "params": {"utils"},
    "data": {"utils"},
    "networks": {"utils"},
    "models/base": {"utils", "networks"},
    "models": {"utils", "networks", "models/base"},
    "training": BASICS | {"networks", "models/base"},
    "evaluation": BASICS | {"networks", "intervals"},
    "anomaly": BASICS | {"auroc", "networks", "models/base"},
    "latent": BASICS | {"networks", "models/base", "intervals"},
    "trials": BASICS | {"networks", "models/base", "evaluation", "anomaly", "latent"},
    "results": BASICS | {"intervals"} | RECORDS,
    "report": BASICS | {"auroc", "results"} | RECORDS,
    "tracking": BASICS | {"networks", "models/base", "results"} | RECORDS,
    "api": BASICS
    | {"data", "networks", "models/base", "evaluation", "anomaly", "latent", "tracking"},
    "explorer": BASICS
    | {"networks", "models/base", "evaluation", "anomaly", "latent", "results", "report", "api"},
}
"""For each package of genbench those that it may import, besides itself."""


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_stands_before_it(package):
    for path in (p for p in MODULES if room(p) == package):
        others = {room(p) for name in imported(path) for p in module_files(name)}
        assert others - {package} <= MAY_IMPORT[package], path


@pytest.mark.parametrize("package", ["results", "report", "tracking"])
def test_readers_import_nothing_of_a_stage_but_its_records(package):
    for path in (p for p in MODULES if room(p) == package):
        used = {p for name in imported(path) for p in module_files(name) if room(p) in RECORDS}
        assert {p.name for p in used} <= {"results.py"}, path


def test_every_file_is_in_a_package_that_the_table_knows():
    assert {room(p) for p in MODULES} == MAY_IMPORT.keys()


def test_only_one_module_imports_each_heavy_library():
    owners = {
        "mlflow": {"client", "download", "sqlite_file", "upload"},
        "onnx": {"export"},
        "dvc": {"pipeline", "stage", "worker"},
        "vl_convert": {"gallery", "page"},
        "torchmetrics": {"fid", "kid", "inception_score", "extractors"},
        "torch_fidelity": {"extractors"},
    }
    owners["torchmetrics"] |= {"reconstruction"}
    for library, allowed in owners.items():
        users = {p.stem for p in MODULES if {n.split(".")[0] for n in imported(p)} & {library}}
        assert users <= allowed, library


def test_yaml_is_read_in_one_place_and_as_dvc_reads_it():
    """PyYAML reads 1e-05 as a string, yes as true and 010 as 8; DVC does not."""
    readers = [p for p in [*MODULES, *STAGES] if "ruamel.yaml" in imported(p)]
    assert readers == [SOURCE / "utils" / "files.py"]
    assert not [p for p in [*MODULES, *STAGES] if "yaml" in imported(p)]


def test_models_import_no_choices_and_no_tracking():
    for path in (SOURCE / "models").glob("*.py"):
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
    stages = files.load_yaml(ROOT / "dvc.yaml")["stages"].values()
    for stage in (s for s in stages if f"stages/{path.name}" in s.get("deps", [])):
        check_declared(declared(stage), path)


def check_declared(deps: set[str], path: Path) -> None:
    """All code that a stage's script reaches lies in what it declares, and nothing is idle."""
    used = reached(path)
    if "data/code/${item.model}.py" in deps:
        used |= set().union(*(reached(SOURCE / "models" / f"{name}.py") for name in registry.NAMES))
    used = {p.relative_to(ROOT).as_posix() for p in used} | {f"stages/{path.name}"}
    code = {d for d in deps if d.startswith("src/")}
    assert all(not d.endswith(".py") or d.count("/") == 2 for d in code), "a folder is shorter"
    places = {d if d.endswith(".py") else f"{d}/" for d in code} | {f"stages/{path.name}"}
    assert {p for p in used if not p.startswith(tuple(places))} == set(), "not declared"
    assert {d for d in places if not any(p.startswith(d) for p in used)} == set(), "not imported"


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
    "controls": {"torch"},
    "anomaly": {"torch"},
    "baselines": {"torch"},
    "latent": {"torch"},
    "trial": {"torch"},
    "trial_train": {"torch"},
    "tsne": {"sklearn"},
    "explore": {"torch"},
}


@pytest.mark.parametrize("path", STAGES, ids=lambda p: p.stem)
def test_a_stage_starts_with_no_more_libraries_than_it_needs(path):
    files = [path, *reached(path, lazily=False)]
    names = {name for file in files for name in imported(file, lazily=False)}
    assert {name.split(".")[0] for name in names} & HEAVY <= ALLOWED.get(path.stem, set())


@pytest.mark.parametrize("name", ["preprocess", "tsne", "report"])
def test_what_a_stage_imports_brings_no_other_heavy_library(name):
    path = ROOT / "stages" / f"{name}.py"
    code = (
        f"import runpy, sys; runpy.run_path({str(path)!r}, run_name='stage');"
        f"print(*({HEAVY!r} & {{m.split('.')[0] for m in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= ALLOWED.get(name, set())
