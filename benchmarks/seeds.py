"""How often what is said of several trainings holds: fake trainings from known distributions."""

from collections.abc import Callable
from itertools import combinations

import genbench  # noqa: F401  before NumPy, which it tells how to compute

# isort: split
import numpy as np

from genbench.results.trainings import compare, holm, over_trainings

RUNS = 2000
DRAWS: dict[str, Callable] = {
    "normal": lambda random, n: 50 + 5 * random.standard_normal(n),
    "skewed (log-normal)": lambda random, n: 50 * np.exp(0.25 * random.standard_normal(n)),
    "heavy tails (t, 4 df)": lambda random, n: 50 + 5 * random.standard_t(4, n),
    "one in ten fails (+40)": lambda random, n: (
        50 + 5 * random.standard_normal(n) + 40 * (random.random(n) < 0.1)
    ),
}
"""By name: the FIDs of n trainings of a model."""


def coverage(draw: Callable, n: int) -> tuple[float, float, float]:
    """How often the mean's interval holds the mean, the other one a new training, P its value."""
    random = np.random.default_rng(n)
    mean = draw(random, 10**6).mean()
    hits = np.zeros(3)
    for _ in range(RUNS):
        over = over_trainings(draw(random, n).tolist())
        low, high = over.another
        chance = compare(draw(random, n), draw(random, n)).probability
        new = draw(random, 1)[0]
        hits += [
            over.mean.low <= mean <= over.mean.high,
            low <= new <= high,
            chance.low <= 0.5 <= chance.high,
        ]
    return tuple(hits / RUNS)


def false_alarms(draw: Callable, n: int, models: int) -> float:
    """How often any two of equal models are told apart."""
    random = np.random.default_rng(n + models)
    alarms = 0
    for _ in range(RUNS):
        values = [draw(random, n) for _ in range(models)]
        ps = {(i, j): compare(values[i], values[j]).p for i, j in combinations(range(models), 2)}
        alarms += bool(holm(ps))
    return alarms / RUNS


def main() -> None:
    """Print both tables."""
    print("| trainings' FIDs | n | mean held | new training held | P held |")
    for name, draw in DRAWS.items():
        for n in (2, 3, 5, 10):
            print(f"| {name} | {n} | " + " | ".join(f"{x:.1%}" for x in coverage(draw, n)) + " |")
    print("\n| trainings' FIDs | n | 2 models | 4 models | 13 models |")
    for name, draw in DRAWS.items():
        for n in (3, 5):
            rates = (false_alarms(draw, n, models) for models in (2, 4, 13))
            print(f"| {name} | {n} | " + " | ".join(f"{x:.1%}" for x in rates) + " |")


if __name__ == "__main__":
    main()
