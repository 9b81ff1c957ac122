"""What a grid is said to show follows from its numbers, by hand."""

from pathlib import Path

import fabricated
import pytest

from genbench.report.findings import sweep
from genbench.report.formatting import number
from genbench.results.points import SweepPoint, TrialResults
from genbench.results.trainings import over_trainings
from genbench.training.results import Training, TrainingSummary
from genbench.utils.record import Estimate


def point(latent_dim: int, width: int, fid: float, loss: float, warnings=()) -> SweepPoint:
    return trained(
        {"val/negative_elbo": loss},
        {"fid": Estimate(value=fid)},
        at={"latent_dim": latent_dim, "width": width},
        flops=10.0 * width**2,
        parameters=100 * width + latent_dim,
        warnings=list(warnings),
    )


def trained(final, metrics=(), at=(), flops=1.0, parameters=1, warnings=(), seed=0):
    summary = TrainingSummary(
        images=1, parameters=parameters, flops=flops, ema=True, final=final, alarms=list(warnings)
    )
    values = {key: estimate.value for key, estimate in dict(metrics).items()}
    record = fabricated.trial("vae", {**dict(at), "seed": seed}, **values)
    return SweepPoint([TrialResults(Training(Path("vae"), summary, []), record)])


GRID = [
    point(5, 32, 80.0, 110.0),
    point(5, 64, 60.0, 100.0),
    point(50, 32, 40.0, 90.0),
    point(50, 64, 70.0, 80.0),
]


def test_the_best_and_the_worst_point_and_the_effect_of_each_hyperparameter():
    assert sweep.grid_findings(GRID) == [
        "FID is lowest, 40.0 at latent_dim 50, width 32, and highest, 80.0 at latent_dim 5,"
        " width 32.",
        "latent_dim 5 to 50, mean over width: FID from 70.0 to 55.0 (lower at 1 of 2); negative"
        " ELBO from 105 to 85.0 (lower at every width). It takes 1.00 times the FLOPs per"
        " image, 1.01 times the parameters.",
        "width 32 to 64, mean over latent_dim: FID from 60.0 to 65.0 (lower at 1 of 2); negative"
        " ELBO from 100 to 90.0 (lower at every latent_dim). It takes 4.00 times the FLOPs per"
        " image, 1.99 times the parameters.",
        "No warning in any of the 4 trainings.",
    ]


def test_where_the_distance_means_nothing_no_sentence_on_a_grid_uses_it():
    lines = sweep.grid_findings(GRID, "It means nothing here: noise has 1, real images 1.")
    assert lines[0] == "No ranking by FID. It means nothing here: noise has 1, real images 1."
    assert lines[1] == (
        "latent_dim 5 to 50, mean over width: negative ELBO from 105 to 85.0 (lower at every"
        " width). It takes 1.00 times the FLOPs per image, 1.01 times the parameters."
    )
    assert "FID" not in " ".join(lines[1:])
    gan = [trained({}, {"fid": p.values["fid"]}, at=p.at) for p in GRID]
    assert sweep.grid_findings(gan, "It means nothing here.")[1] == (
        "latent_dim 5 to 50. It takes 1.00 times the FLOPs per image, 1.00 times the parameters."
    )


def test_a_grid_with_a_hole_compares_the_points_that_have_a_counterpart():
    latent, width = sweep.grid_findings(GRID[1:])[1:3]
    assert latent.startswith("latent_dim 5 to 50, mean over width: FID from 60.0 to 70.0 (lower no")
    assert width.startswith("width 32 to 64, mean over latent_dim: FID from 40.0 to 70.0")


def test_what_lies_between_the_ends_is_named_where_it_is_lowest():
    middle = [point(10, 32, 30.0, 85.0), point(10, 64, 50.0, 95.0)]
    line = sweep.grid_findings([*GRID, *middle])[1]
    assert "FID from 70.0 to 55.0 (lower at 1 of 2), lowest at 10, 40.0; negative ELBO from" in line
    assert line.count("lowest") == 1
    assert "lowest" not in sweep.grid_findings([*GRID, *middle[:1]])[1]


def test_a_row_of_points_has_one_effect_and_a_single_point_none():
    effects = [line for line in sweep.grid_findings(GRID[:2]) if "mean over" in line]
    assert len(effects) == 1 and effects[0].startswith("width 32 to 64")
    assert sweep.grid_findings(GRID[:1]) == []


def test_warnings_are_listed_with_their_place():
    *_, line = sweep.grid_findings([*GRID[:3], point(50, 64, 70.0, 80.0, ["mode collapse: 0.1"])])
    assert line == "Warning at latent_dim 50, width 64: mode collapse: 0.1."


@pytest.mark.parametrize(
    "final, key",
    [
        ({"val/loss": 1, "val/negative_elbo": 2}, "val/negative_elbo"),
        ({"val/loss": 1, "val/jensen_shannon": 2}, "val/jensen_shannon"),
        ({"val/loss": 1}, "val/loss"),
    ],
)
def test_points_are_compared_by_a_bound_or_a_distance_where_there_is_one(final, key):
    assert [metric.key for metric in sweep.quality_metrics(trained(final))] == ["fid", key]


def seeds_of(latent_dim, width, fids):
    """A point with a training per seed."""
    at = {"latent_dim": latent_dim, "width": width}
    trials = [
        trained({}, {"fid": Estimate(value=fid)}, at=at, seed=seed).trials[0]
        for seed, fid in enumerate(fids)
    ]
    return SweepPoint(trials)


def test_an_effect_over_seeds_has_the_interval_of_its_changes():
    points = [seeds_of(5, 32, [80.0, 84.0, 79.0]), seeds_of(50, 32, [60.0, 63.0, 61.0])]
    over = over_trainings([-20.0, -21.0, -18.0]).mean
    line = sweep.grid_findings(points)[1]
    interval = f"{number(over.low)} to {number(over.high)}"
    assert f"change {number(over.value)}, 95% interval {interval} over 3 seeds)" in line
    assert "FID from 81.0 to 61.3 (lower at every width; " in line
    noisy = [seeds_of(5, 32, [80.0, 84.0]), seeds_of(50, 32, [60.0, 90.0])]
    assert "over 2 seeds, which may be chance)" in sweep.grid_findings(noisy)[1]


def test_a_point_of_several_seeds_is_their_mean_with_its_interval():
    point = seeds_of(5, 32, [80.0, 84.0, 79.0])
    assert point.values["fid"] == over_trainings([80.0, 84.0, 79.0]).mean
    assert point.value("parameters") == 1 and point.by_seed("fid") == {0: 80.0, 1: 84.0, 2: 79.0}
