"""The further trainings of the sweeps: points of a grid and of a rate-distortion curve."""

from dataclasses import dataclass
from pathlib import Path

from ..evaluation.results import Point, point_name
from ..params import Params
from ..training.results import Training, load_training
from ..utils.record import Estimate, Number
from .failures import Failure, find_failure


@dataclass(frozen=True)
class SweepPoint:
    """A further training with other hyperparameters, and the metrics of its samples."""

    training: Training
    point: Point

    @property
    def values(self) -> dict[str, Estimate | Number]:
        """Metrics of its samples, values at the end of its training, its size, by their keys."""
        summary = self.training.summary
        size = {"parameters": summary.parameters, "flops": summary.flops}
        warnings = {"n_warnings": len(summary.alarms)}
        return size | warnings | summary.final | (self.point.factors or {}) | self.point.metrics

    def value(self, key: str) -> Number:
        """One of them without its interval."""
        value = self.values[key]
        return value.value if isinstance(value, Estimate) else value


def load_points(dataset: str, names: list[str], data: Path, details: Path) -> list[SweepPoint]:
    """The points of these names that have results."""
    failed = {each.name for each in failed_points(dataset, names, data, details)}
    return [
        SweepPoint(
            load_training(data / "models" / dataset / name),
            Point.load(details / "sweep" / dataset / f"{name}.json"),
        )
        for name in names
        if name not in failed
    ]


def failed_points(dataset: str, names: list[str], data: Path, details: Path) -> list[Failure]:
    """The other points of these names, and why they have none."""
    found = [
        find_failure(dataset, name, data, {"sweep": details / "sweep" / dataset / f"{name}.json"})
        for name in names
    ]
    return [each for each in found if each]


def grid_names(params: Params) -> list[str]:
    """Names of the points of the grid latent_dim x width, in order."""
    sweep = params.sweep
    return [
        point_name(model, {"latent_dim": latent_dim, "width": width})
        for model in sweep.models
        for latent_dim in sweep.latent_dim
        for width in sweep.width
    ]


def beta_names(params: Params) -> list[str]:
    """Names of the points of the rate-distortion curve, in order."""
    return [point_name("beta_vae", {"beta": beta}) for beta in params.sweep.beta]
