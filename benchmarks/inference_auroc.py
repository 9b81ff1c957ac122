"""Do the intervals and the paired test of AUROCs keep their promise? A simulation of a minute.

    python benchmarks/inference_auroc.py

Scores are normal, so that the true AUROC is known. Those of two detectors, and of the versions of
an image, have half of their variance in common.
"""

from collections.abc import Iterator
from itertools import product
from statistics import NormalDist

import numpy as np

from genbench.auroc import ALPHA, Scores, auroc, paired_test

Row = dict[str, str | float]
NORMAL = NormalDist()
N_VERSIONS = 7
N_IMAGES = (450, 2000)
AREAS = (0.6, 0.9, 0.99)
"""True AUROCs."""
RUNS = 1000
HALF = 0.5**0.5


def draw(area: float, n: int, k: int, rng: np.random.Generator, image: Scores | None) -> Scores:
    """Scores of n test images, and of n others (k = 0) or of k versions of each.

    image : as much of the variance as it has is common to all scores that are given it
    """
    shape = (k, n) if k else (n,)
    if image is None:
        image = common(n, k, rng)
    inside = image[0] + HALF * rng.normal(size=n)
    outside = image[1] + HALF * rng.normal(size=shape)
    return inside, outside + 2**0.5 * NORMAL.inv_cdf(area)


def common(n: int, k: int, rng: np.random.Generator) -> Scores:
    """Half of the variance of the scores of n images: their versions have it in common."""
    inside = HALF * rng.normal(size=n)
    return inside, inside if k else HALF * rng.normal(size=n)


def coverage(area: float, n: int, k: int) -> float:
    """Share of the intervals that hold the true AUROC."""
    rng = np.random.default_rng(0)
    estimates = [auroc(*draw(area, n, k, rng, None)) for _ in range(RUNS)]
    return float(np.mean([e.low <= area <= e.high for e in estimates]))


def tests(first: float, second: float, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Differences of two detectors on the same images, and p, each (RUNS,)."""
    rng = np.random.default_rng(1)
    results = []
    for _ in range(RUNS):
        image = common(n, k, rng)
        pairs = [draw(area, n, k, rng, image) for area in (first, second)]
        results.append(paired_test(*pairs))
    differences, p = np.array(results).T
    return differences, p


def power(area: float, n: int, k: int) -> tuple[float, float]:
    """How often a difference of three standard errors should be found, and is found."""
    null, _ = tests(area, area, n, k)
    differences, p = tests(area, area - 3 * null.std(), n, k)
    size = differences.mean() / differences.std()
    z = NORMAL.inv_cdf(1 - ALPHA / 2)
    return NORMAL.cdf(size - z) + NORMAL.cdf(-size - z), float((p <= ALPHA).mean())


def rows() -> list[Row]:
    """Each case with the nominal rate and the measured one, of RUNS simulations."""
    return [
        {"case": case, "nominal": round(nominal, 3), "measured": round(measured, 3)}
        for case, nominal, measured in cases()
    ]


def cases() -> Iterator[tuple[str, float, float]]:
    """Name, nominal rate, measured rate."""
    for images, k in (("OOD", 0), (f"{N_VERSIONS} corruptions", N_VERSIONS)):
        for n, area in product(N_IMAGES, AREAS):
            case = f"{images}, AUROC {area}, n {n}"
            yield f"95% interval holds the truth: {case}", 1 - ALPHA, coverage(area, n, k)
            _, p = tests(area, area, n, k)
            yield f"equal detectors differ: {case}", ALPHA, float((p <= ALPHA).mean())
            yield f"3 standard errors apart differ: {case}", *power(area, n, k)


def main() -> None:
    for row in rows():
        print(f"{row['case']:70} {row['nominal']:.3f} {row['measured']:.3f}")


if __name__ == "__main__":
    main()
