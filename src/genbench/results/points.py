"""The trials of a run: other seeds, points of a grid and of a rate-distortion curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..params import Params
from ..training.results import Training, load_training
from ..trials.results import Trial, trial_name
from ..utils.record import Estimate, Number
from .failures import Failure, find_failure
from .trainings import over_trainings


@dataclass(frozen=True)
class TrialResults:
    """A training with other choices than those of params.yaml, and what was measured of it."""

    training: Training
    trial: Trial

    @cached_property
    def values(self) -> dict[str, Estimate | Number]:
        """Metrics of its samples, values at the end of its training, its size, by their keys."""
        summary = self.training.summary
        size = {"parameters": summary.parameters, "flops": summary.flops}
        warnings = {"n_warnings": len(summary.alarms)}
        factors = (self.trial.latent.factors if self.trial.latent else None) or {}
        return size | warnings | summary.final | factors | self.trial.metrics

    def value(self, key: str) -> Number:
        """One of them without its interval."""
        value = self.values[key]
        return value.value if isinstance(value, Estimate) else value


@dataclass(frozen=True)
class SweepPoint:
    """A point of a sweep: trainings with the same hyperparameters, one or more by seed."""

    trials: list[TrialResults]

    @property
    def model(self) -> str:
        """The name of its model."""
        return self.trials[0].trial.model

    @property
    def at(self) -> dict[str, Number]:
        """Its hyperparameters: latent_dim and width, or beta."""
        return {key: value for key, value in self.trials[0].trial.at.items() if key != "seed"}

    @property
    def final(self) -> dict[str, Number]:
        """The last values of the curves of its first training."""
        return self.trials[0].training.summary.final

    @property
    def extractor(self) -> str:
        """In whose features its samples were measured."""
        return self.trials[0].trial.extractor

    def by_seed(self, key: str) -> dict[int, Number]:
        """A value of each of its trainings."""
        return {int(each.trial.at["seed"]): each.value(key) for each in self.trials}

    @cached_property
    def values(self) -> dict[str, Estimate | Number]:
        """`TrialResults.values`; of several trainings the means, with their intervals."""
        first, *others = self.trials
        if not others:
            return first.values
        shared = [k for k in first.values if all(k in each.values for each in others)]
        return {key: _mean(list(self.by_seed(key).values())) for key in shared}

    def value(self, key: str) -> Number:
        """One of them without its interval."""
        value = self.values[key]
        return value.value if isinstance(value, Estimate) else value


def _mean(values: list[Number]) -> Estimate | Number:
    return values[0] if len(set(values)) == 1 else over_trainings(values).mean


def load_points(
    dataset: str, names: list[list[str]], data: Path, details: Path
) -> list[SweepPoint]:
    """The points that have results; names: of the trials of each."""
    failed = {each.name for each in failed_trials(dataset, sum(names, []), data, details / "sweep")}
    points = [[name for name in each if name not in failed] for each in names]
    folder = details / "sweep"
    return [
        SweepPoint([load_trial(dataset, name, data, folder) for name in each])
        for each in points
        if each
    ]


def load_trial(dataset: str, name: str, data: Path, details: Path) -> TrialResults:
    """One trial; details: the folder of its stage."""
    training = load_training(data / "models" / dataset / name)
    return TrialResults(training, Trial.load(details / dataset / f"{name}.json"))


def failed_trials(dataset: str, names: list[str], data: Path, details: Path) -> list[Failure]:
    """Those without results, and why; details: the folder of their stage."""
    found = [
        find_failure(dataset, name, data, {details.name: details / dataset / f"{name}.json"})
        for name in names
    ]
    return [each for each in found if each]


def grid_names(params: Params) -> list[list[str]]:
    """Names of the trials of each point of the grid latent_dim x width, in order."""
    sweep = params.sweep
    return [
        _names(params, model, {"latent_dim": latent_dim, "width": width})
        for model in sweep.models
        for latent_dim in sweep.latent_dim
        for width in sweep.width
    ]


def beta_names(params: Params) -> list[list[str]]:
    """Names of the trials of each point of the rate-distortion curve, in order."""
    return [_names(params, "beta_vae", {"beta": beta}) for beta in params.sweep.beta]


def _names(params: Params, model: str, at: Mapping[str, Number]) -> list[str]:
    return [trial_name(model, {**at, "seed": seed}) for seed in params.sweep.seeds]


def replicate_names(params: Params, model: str) -> dict[int, str]:
    """Names of the further trainings of a model, by seed: the first one has names of its own."""
    seeds = [] if params.imported(model) else params.seeds
    seeds = [seed for seed in seeds if seed != params.seed]
    return {seed: trial_name(model, {"seed": seed}) for seed in seeds}
