"""The stages as DVC has them: what needs what, which are up to date, what dvc.lock says of them.

The modules that run a stage in a folder of its own are the only others that import DVC.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.utils.serialize import load_yaml, modify_yaml

LOCK = "dvc.lock"
Error = DvcException


class Pipeline:
    """The stages that `targets` need, all without targets, in the order of `dvc repro`.

    Attributes
    ----------
    stages : DVC's objects, by address
    needs : for each stage, those whose outputs it depends on

    Raises
    ------
    Error : what is wrong with dvc.yaml or a target
    """

    def __init__(self, targets: Iterable[str] = ()):
        self.repo = Repo()
        graph = get_active_graph(self.repo.index.graph)
        wanted = collect_stages(self.repo, list(targets) or ["dvc.yaml"])
        plan = plan_repro(graph, wanted)
        self.stages: dict[str, Any] = {stage.addressing: stage for stage in plan}
        self.needs = {s.addressing: [n.addressing for n in graph.successors(s)] for s in plan}

    @cached_property
    def first(self) -> list[str]:
        """Stages that the run cache cannot keep and that need only such: run here, before all."""
        found: set[str] = set()
        for name, stage in self.stages.items():
            if not _can_be_cached(stage) and found.issuperset(self.needs[name]):
                found.add(name)
        return [name for name in self.stages if name in found]

    @cached_property
    def movable(self) -> list[str]:
        """Stages that may run in another folder: all between `first` and the others like them."""
        known = set(self.first)
        for name, stage in self.stages.items():
            if _can_be_cached(stage) and known.issuperset(self.needs[name]):
                known.add(name)
        return [name for name in self.stages if name in known and name not in self.first]

    def changed(self) -> set[str]:
        """Stages that are not up to date, and those after them."""
        changed = set(self.repo.status())  # with targets, DVC took 13 s for 100 stages, not 1
        for name in self.stages:
            if changed.intersection(self.needs[name]):
                changed.add(name)
        return changed

    def inputs(self) -> list[str]:
        """Files and folders of this repository that stages depend on, and none makes."""
        deps = [dep for stage in self.stages.values() for dep in stage.deps if dep.is_in_repo]
        return sorted({dep.def_path for dep in deps} - self._outputs())

    def _outputs(self) -> set[str]:
        return {out.def_path for stage in self.stages.values() for out in stage.outs}

    def uses_gpu(self, name: str) -> bool:
        """Whether `meta` in dvc.yaml says `gpu: true` of a stage."""
        return bool((self.stages[name].meta or {}).get("gpu"))

    def dvc_config(self, cache: str | None = None, remote: bool = False) -> str:
        """What DVC is to be told elsewhere, as `.dvc/config` has it.

        cache : the folder of the cache, if another
        remote : whether remotes are of use
        """
        config = self.repo.config
        lines = ["[cache]", f"    dir = {cache or self.repo.cache.legacy.path}"]
        if types := config["cache"].get("type"):
            lines.append(f"    type = {','.join(types)}")
        if remote:
            for name, options in config["remote"].items():
                lines.append(f"['remote \"{name}\"']")
                lines += [f"    {key} = {value}" for key, value in options.items()]
        lines.append("[core]")
        if config["core"].get("hardlink_lock"):  # for a file system without locks
            lines.append("    hardlink_lock = true")
        if remote:
            lines.append(f"    remote = {config['core']['remote']}")
        return "\n".join(lines) + "\n"

    @property
    def has_remote(self) -> bool:
        """Whether DVC knows a default remote."""
        return "remote" in self.repo.config["core"]

    def push(self, names: list[str]) -> None:
        """Send the outputs of stages to the remote."""
        if names:
            Repo().push(names)

    def pull(self, names: list[str]) -> None:
        """Fetch the outputs of stages, as dvc.lock has them now, from the remote."""
        Repo().fetch(names)

    def write_lock(self, before: Mapping[str, Any], entries: Mapping[str, Any]) -> None:
        """Write dvc.lock as if the stages had run one after the other.

        before : the entries at the start, which keep their places
        entries : those of the stages that are done
        """
        with modify_yaml(LOCK) as data:
            data.setdefault("schema", "2.0")
            stages = data.setdefault("stages", {})
            for name in dict.fromkeys([*before, *self.stages]):
                if name in entries or name in stages:
                    entry = stages.pop(name, None)  # and put at the end
                    stages[name] = entries.get(name, entry)

    def checkout(self, names: list[str]) -> None:
        """Put the outputs of stages, as dvc.lock has them now, where they belong."""
        wanted = set(names)
        repo = Repo()
        with repo.lock:  # `repo.checkout` took 13 s for 100 stages, this takes 2
            for stage in repo.index.stages:
                if stage.addressing in wanted:
                    stage.checkout(force=True)

    def remove_outputs(self, names: list[str]) -> None:
        """Remove what an earlier run made, as DVC does before it runs a stage."""
        with self.repo.lock:
            for name in names:
                self.stages[name].remove_outs()


def lock_entries() -> dict[str, Any]:
    """What dvc.lock says of each stage; {} without one."""
    try:
        return load_yaml(LOCK).get("stages", {})
    except FileNotFoundError:
        return {}


def _can_be_cached(stage) -> bool:
    """Whether DVC's run cache keeps all that the stage makes, see `dvc.stage.cache`."""
    if stage.path_in_repo != "dvc.yaml" or stage.frozen or stage.always_changed:
        return False
    outs = all(out.use_cache and not out.persist and out.is_in_repo for out in stage.outs)
    return bool(stage.cmd and stage.deps and stage.outs and outs)
