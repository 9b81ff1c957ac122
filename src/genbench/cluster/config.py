"""The file that says which machines run stages: `cluster.yaml`, as frozen, checked objects."""

import inspect
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..utils import files
from ..utils.errors import InputError, unknown_names, validation_line

PROVIDERS = {
    "local": "LocalProvider",
    "slurm": "SlurmProvider",
    "pbs": "PBSProProvider",
    "torque": "TorqueProvider",
    "lsf": "LSFProvider",
    "grid_engine": "GridEngineProvider",
    "condor": "CondorProvider",
    "kubernetes": "KubernetesProvider",
}
"""Parsl's classes; the name of each in `cluster.yaml`."""
OURS = {"init_blocks", "min_blocks", "max_blocks", "parallelism", "worker_init", "launcher"}
"""Arguments of a provider that `nodes` and `setup` say."""
Positive = Annotated[int, Field(ge=1)]


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Machines(_Block):
    """Machines of one kind.

    Attributes
    ----------
    nodes : at most so many at once, each a job of the scheduler
    stages_per_node : that run at once on each
    gpus_per_node : of which each stage gets one; 0 for none
    setup : lines of shell that a node runs first
    drain_after : seconds after which a node takes no new stage; below the scheduler's limit
    address : at which nodes reach this machine; None: they try all that it has
    options : for the provider, as Parsl has them
    """

    provider: Literal[tuple(PROVIDERS)]  # type: ignore[valid-type]
    nodes: Positive = 1
    stages_per_node: Positive = 1
    gpus_per_node: Annotated[int, Field(ge=0)] = 0
    setup: str = ""
    drain_after: Positive | None = None
    address: str | None = None
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _each_stage_has_a_gpu(self):
        if self.gpus_per_node and self.stages_per_node > self.gpus_per_node:
            raise ValueError(
                f"stages_per_node is {self.stages_per_node}, more than gpus_per_node, "
                f"{self.gpus_per_node}: a stage gets a GPU of its own"
            )
        return self


class Cluster(_Block):
    """All of `cluster.yaml`.

    Attributes
    ----------
    cpu : what runs stages
    gpu : what runs those that train, if others than `cpu`
    exchange : `folder`: nodes see this repository and its cache; `remote`: what they need and make
        goes through DVC's remote
    scratch : for `remote`, the folder of a node's own where stages run, such as $TMPDIR
    starts : how often a stage may be started whose node is lost
    """

    cpu: Machines
    gpu: Machines | None = None
    exchange: Literal["folder", "remote"] = "folder"
    scratch: str | None = None
    starts: Positive = 3

    @model_validator(mode="after")
    def _scratch_is_for_remote(self):
        if (self.exchange == "remote") != (self.scratch is not None):
            raise ValueError("scratch must be given for `exchange: remote`, and only for it")
        if self.scratch and not self.scratch.startswith(("/", "~", "$")):
            raise ValueError(f"scratch must start at /, ~ or $, got {self.scratch!r}")
        return self


def load(path: Path) -> Cluster:
    """Read and check `cluster.yaml`; InputError names each key that cannot be used."""
    try:
        tree = files.load_yaml(path)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; docs/cluster.md has examples") from None
    try:
        cluster = Cluster.model_validate(tree)
    except ValidationError as error:
        lines = "; ".join(map(validation_line, error.errors()))
        raise InputError(f"{path}: {lines}") from None
    for name in ("cpu", "gpu"):
        machines = getattr(cluster, name)
        if machines:
            make_provider(machines, f"{path}: {name}")
    return cluster


def make_provider(machines: Machines, place: str, setup: str = ""):
    """Parsl's provider for these machines; `place` is where an error has its key."""
    try:
        import parsl.providers
    except ImportError:
        raise InputError("a cluster needs Parsl, which is not installed: `make setup`") from None
    kind = getattr(parsl.providers, PROVIDERS[machines.provider])
    known = set(inspect.signature(kind).parameters) - OURS
    line = unknown_names(f"{place}.options", machines.options, sorted(known))
    if line:
        raise InputError(line)
    options = {"init_blocks": 0, "max_blocks": machines.nodes, "worker_init": setup}
    if "exclusive" in known:
        options["exclusive"] = False  # Parsl asks for whole nodes
    try:
        return kind(**{**options, **machines.options})
    except Exception as error:  # whatever a provider finds wrong with its options
        text = " ".join(str(error).split())
        raise InputError(f"{place}.options: {text}") from None
