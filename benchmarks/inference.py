"""Do intervals hold as often as they say, and tests err as seldom? A simulation of minutes.

    python benchmarks/inference.py [--trials 500]

Prints the tables of docs/metrics.md. Features are drawn from known distributions, and every number
is measured as the stages do; the truth is the mean over all trials. An interval or a place is right
for the expectation at this number of images.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from inference_auroc import rows as auroc_rows
from torch import Tensor

from genbench import intervals
from genbench.evaluation.memorization import copying
from genbench.evaluation.prdc import nearest_neighbor
from genbench.evaluation.quality import RealFeatures, feature_metrics
from genbench.evaluation.results import Protocol, Quality
from genbench.params.schema import Evaluate
from genbench.results.places import p_of_difference
from genbench.results.trainings import LEVEL, holm
from genbench.utils.frechet import fid_from_features
from genbench.utils.record import Estimate

PARAMS = Evaluate(
    n=10000,
    sample_sets=1,
    extractor="classifier",
    inception_weights=None,
    resize="tensorflow",
    is_splits=10,
    kid_subsets=50,
    kid_subset_size=200,
)
PROTOCOL = Protocol(
    extractor="classifier", extractor_sha256="", resize="none", n=0, split="test", seed=0
)
N = 500
N_CLASSES = 10
CENTERS = 2 * np.random.default_rng(7).normal(size=(N_CLASSES, 32))
LOGITS = np.random.default_rng(5).normal(size=(32, N_CLASSES)).astype(np.float32)


class Case(NamedTuple):
    """Features of generated images: how they differ from real ones, which have mean 0, spread 1.

    classes : whether the features are of ten classes, each around a center of its own, with fewer
    and fewer dimensions; else one Gaussian
    """

    name: str
    dimensions: int
    shift: float
    scale: float
    classes: bool

    def draw(self, n: int, rng: np.random.Generator, shift: float, scale: float) -> Tensor:
        x = rng.normal(size=(n, self.dimensions)) * scale + shift
        if self.classes:
            centers = CENTERS[rng.integers(0, N_CLASSES, n), : self.dimensions]
            x = x * np.exp(-np.arange(self.dimensions) / 8) + centers
        return torch.from_numpy(x.astype(np.float32))

    def real(self, seed: int) -> Tensor:
        return self.draw(N, np.random.default_rng(seed), 0, 1)

    def fake(self, seed: int, step: float = 0.0) -> Tensor:
        return self.draw(N, np.random.default_rng(seed), self.shift + step, self.scale)


CASES = (
    Case("Gaussian, like real", 16, 0.0, 1.0, False),
    Case("Gaussian, shifted, narrow", 16, 0.3, 0.9, False),
    Case("ten classes, like real", 32, 0.0, 1.0, True),
    Case("ten classes, shifted, narrow", 32, 0.1, 0.8, True),
)


def one_model(case: Case, trial: int) -> dict[str, tuple[float, float, float]]:
    """Value and interval of each metric of one model."""
    torch.set_num_threads(1)
    real = RealFeatures.measure(case.real(2 * trial), trial)
    fake = case.fake(2 * trial + 1)
    logits = fake @ torch.from_numpy(LOGITS[: case.dimensions])
    metrics = feature_metrics(real, fake, logits, PARAMS, trial).metrics
    return {k: (e.value, e.low, e.high) for k, e in metrics.items() if e.low is not None}


def fid_alone(real: Tensor, fake: Tensor, seed: int) -> Quality:
    """What a ranking needs of a model: its FID, of all images and of halves."""
    halves = zip(intervals.random_halves(N, 0), intervals.random_halves(N, seed), strict=True)
    return Quality(
        protocol=PROTOCOL,
        n_real=N,
        n_fake=N,
        metrics={"fid": Estimate(value=fid_from_features(real, fake))},
        halves={"fid": [fid_from_features(real[i], fake[j]) for i, j in halves]},
        sample_sets={},
        classes=[],
    )


def two_models(case: Case, step: float, trial: int) -> float:
    """The p-value of the difference in FID of two models, of which one is shifted by more."""
    torch.set_num_threads(1)
    real = case.real(3 * trial)
    one = fid_alone(real, case.fake(3 * trial + 1), 1)
    other = fid_alone(real, case.fake(3 * trial + 2, step), 2)
    return p_of_difference(one, other)


def four_models(case: Case, trial: int) -> bool:
    """Whether any of four equally good models are told apart."""
    torch.set_num_threads(1)
    real = case.real(5 * trial)
    models = [fid_alone(real, case.fake(5 * trial + i), i) for i in range(1, 5)]
    pairs = combinations(range(len(models)), 2)
    return bool(holm({(i, j): p_of_difference(models[i], models[j]) for i, j in pairs}))


def copier(share: float, trial: int) -> float:
    """The rank test's z-score where a share of the generated images are training images."""
    torch.set_num_threads(1)
    case, rng = CASES[2], np.random.default_rng(trial)
    train, test, fake = (case.draw(n, rng, 0, 1) for n in (1200, 450, 450))
    n_copies = int(share * len(fake))
    fake[:n_copies] = train[:n_copies]
    distances, of_test = (nearest_neighbor(x, train)[0] for x in (fake, test))
    return copying(distances, of_test)["copying_z"].value


def share_of_hits(values: np.ndarray) -> float:
    """In how many of (T, 3) values and ends the interval holds the mean of the values."""
    truth = values[:, 0].mean()
    return float(((values[:, 1] <= truth) & (truth <= values[:, 2])).mean())


def mean_rows(trials: int) -> list[dict]:
    """Intervals of means over images."""
    draws: dict[str, tuple[float, Callable]] = {
        "mean of 450, normal": (0.0, lambda rng: rng.normal(size=450)),
        "mean of 450, exponential": (1.0, lambda rng: rng.exponential(size=450)),
        "share of 450, 0.5": (0.5, lambda rng: rng.random(450) < 0.5),
        "share of 450, 0.98": (0.98, lambda rng: rng.random(450) < 0.98),
    }
    rows = []
    for name, (truth, draw) in draws.items():
        found = [
            intervals.mean_with_interval(draw(np.random.default_rng(t))) for t in range(trials)
        ]
        hits = float(np.mean([e.low <= truth <= e.high for e in found]))
        rows.append({"what": "interval", "case": name, "nominal": 0.95, "measured": hits})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="a file for the rows, as JSON")
    options = parser.parse_args()
    trials = range(options.trials)
    rows = mean_rows(4 * options.trials)
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:

        def measure(function: Callable, *arguments: object) -> list:
            return list(pool.map(partial(function, *arguments), trials, chunksize=10))

        for case in CASES:
            found = measure(one_model, case)
            for key in found[0]:
                hits = share_of_hits(np.array([each[key] for each in found]))
                rows.append(row("interval", f"{key}, {case.name}", 0.95, hits))
            errors = np.mean(np.array(measure(two_models, case, 0.0)) < LEVEL)
            rows.append(row("two equal models told apart", case.name, LEVEL, errors))
            errors = np.mean(measure(four_models, case))
            rows.append(row("any of four equal models told apart", case.name, LEVEL, errors))
        for step in (0.02, 0.04, 0.08):
            found = np.array(measure(two_models, CASES[1], step)) < LEVEL
            name = f"{CASES[1].name}, the other by {step} more"
            rows.append(row("two models told apart", name, None, found.mean()))
        for share in (0.0, 0.1, 0.5):
            found = np.array(measure(copier, share)) < -2.326
            rows.append(
                row("copying seen", f"{share:.0%} copies", None if share else 0.01, found.mean())
            )
    rows += [{"what": "AUROC", **each} for each in auroc_rows()]
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))
    print(table(rows))


def row(what: str, case: str, nominal: float | None, measured: float) -> dict:
    return {"what": what, "case": case, "nominal": nominal, "measured": float(measured)}


def table(rows: Sequence[dict]) -> str:
    """The rows in Markdown."""
    lines = ["| | case | nominal | measured |", "|---|---|---|---|"]
    for each in rows:
        nominal = "" if each["nominal"] is None else f"{each['nominal']:.1%}"
        lines.append(f"| {each['what']} | {each['case']} | {nominal} | {each['measured']:.1%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
