"""The process of one stage in its own folder: what it opens, writes and reads of the choices.

python one_process.py DECLARED stages/NAME.py --OPTION VALUE    # keys of params.yaml, as JSON
"""

import atexit
import json
import os
import runpy
import sys
from pathlib import Path

FREE = ("device", "train.checkpoint_every", "tracking")
"""Choices that no stage declares, as no result is meant to depend on them."""


def become_stage(declared: list[str] | None, script: str) -> None:
    """Become a stage's script in the current folder; what it used is left in reads.json.

    declared : keys of params.yaml that it may read, None for all
    """
    folder = Path.cwd()
    sys.path.insert(0, str(folder / "stages"))  # as of a script that is called
    reads: dict[str, set[str]] = {"opened": set(), "written": set(), "params": set()}
    prefix = f"{folder}{os.sep}"

    links = {str(path.resolve()): str(path) for path in folder.rglob("*") if path.is_symlink()}

    def name(path) -> str | None:
        path = os.path.abspath(os.fsdecode(path))
        for target, link in links.items():  # some readers resolve links first
            path = link + path.removeprefix(target) if f"{path}/".startswith(f"{target}/") else path
        if not path.startswith(prefix) or "__pycache__" in path:
            return None
        return path.removeprefix(prefix).replace("stages/genbench/", "src/genbench/")

    def watch(event: str, args: tuple) -> None:
        if event == "open" and isinstance(args[0], str | bytes | os.PathLike) and name(args[0]):
            writes = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
            reads["written" if writes else "opened"].add(name(args[0]))

    def leave() -> None:
        sources = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        reads["opened"] |= {name(path) for path in sources if path and name(path)}
        Path("reads.json").write_text(json.dumps({k: sorted(v) for k, v in reads.items()}))

    _restrict_choices(declared, reads["params"])
    atexit.register(leave)
    sys.addaudithook(watch)
    runpy.run_path(script, run_name="__main__")


def _restrict_choices(declared: list[str] | None, read: set[str]) -> None:
    """Let `params.load` give the declared choices alone, and note in `read` which are read."""
    import genbench.params
    from genbench.params.schema import Block

    module = sys.modules["genbench.params.load"]
    places = dict(_blocks(module.Params, "", Block))
    getter, dumper, loader = Block.__getattribute__, Block.model_dump, module.load

    def get(self, name):
        if name in type(self).model_fields and type(self) in places:
            read.add(places[type(self)] + name)
        return getter(self, name)

    def dump(self, **options):
        read.update(places.get(type(self), "") + name for name in self.__dict__)
        return dumper(self, **options)

    def load(path=Path("params.yaml")):
        choices = loader(path)
        if declared is not None:
            _strip(choices, places, [*declared, *FREE])
            # live curves in MLflow bear all choices; nothing reads MLflow
            vars(choices)["tracking"] = choices.tracking.model_copy(update={"enabled": False})
        return choices

    Block.__getattribute__ = get
    Block.model_dump = dump
    module.load = genbench.params.load = load


def _blocks(block, place: str, base):
    """Every block of the choices, with what the names of its keys start with."""
    yield block, place
    for name, field in block.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, base):
            yield from _blocks(field.annotation, f"{place}{name}.", base)


def _strip(block, places: dict, declared: list[str]) -> None:
    """Take the choices away that are not declared; reading one then raises an AttributeError."""
    for name, value in list(vars(block).items()):
        key = f"{places[type(block)]}{name}"
        if any(f"{key}.".startswith(f"{d}.") for d in declared):
            continue
        if type(value) in places:
            _strip(value, places, declared)
        elif key in ("zoo", "data"):
            vars(block)[name] = _declared_items(value, key, declared)
        else:
            del vars(block)[name]


def _declared_items(values: dict, key: str, declared: list[str]) -> dict:
    """Of the blocks of models or datasets those that are declared, or their declared choices."""
    parts = [d.split(".")[1:] for d in declared if d.startswith(f"{key}.")]
    kept = {name: values[name] for name in values if [name] in parts}
    for name, *inside in parts:
        if inside and name in values:
            kept[name] = {k: v for k, v in values[name].items() if [k] == inside}
    return kept


if __name__ == "__main__":
    _, keys, *sys.argv = sys.argv
    become_stage(json.loads(keys), sys.argv[0])
