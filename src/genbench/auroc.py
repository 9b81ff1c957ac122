"""The area under the ROC curve: its interval, and which of several scores have the largest.

In every function `scores_in` (N,) are of in-distribution images; larger is more anomalous. If the
anomalous images are others, their `scores_out` are (M,); if they are K versions of each of the
in-distribution images, (K, N): then the images are the independent ones, not their versions.
"""

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from .utils.record import Estimate

ALPHA = 0.05
"""How often an interval may miss, and equal scores may be told apart."""
NORMAL = NormalDist()
Scores = tuple[np.ndarray, np.ndarray]
"""`scores_in` and `scores_out`."""


def auroc(scores_in: np.ndarray, scores_out: np.ndarray) -> Estimate:
    """Area under the ROC curve: the chance that an anomalous image scores above the other one.

    Returns
    -------
    Estimate in [0, 1], ties counting half; 0.5 is chance. Its 95% interval is symmetric in
        log(A / (1 - A)), as one that is symmetric in A is too short near 1. Of a score that tells
        all images apart it is that of n successes in n trials: n pairs, no two of which share
        an image.

    Source: the standard error is that of DeLong et al. 1988, Biometrics 44:837, for versions that
    of Obuchowski 1997, Biometrics 53:567; n in n trials: Clopper & Pearson 1934, Biometrika 26:404.
    """
    n_pairs = max(1, min(len(scores_in), scores_out.size) // scores_out.ndim)
    return _estimate(*_mean_and_error(_influences(scores_in, scores_out)), n_pairs)


def pixel_auroc(maps: np.ndarray, masks: np.ndarray) -> Estimate:
    """Area under the ROC curve of all pixels of images: those in the masks should be higher.

    The independent ones are the images, not their pixels, as in `auroc` of versions.

    Parameters
    ----------
    maps : (N, H, W), a number for each pixel, the same scale for all images
    masks : (N, H, W) bool, True for some pixels and False for others

    Source: Bergmann et al. 2019, CVPR; the standard error is that of Obuchowski 1997.
    """
    above, below = maps[masks], maps[~masks]
    parts = _share_below(above, below), 1 - _share_below(below, above)
    value = float(parts[0].mean(dtype=float))
    influence = np.zeros(len(maps))
    for part, selected in zip(parts, (masks, ~masks), strict=True):
        image = np.nonzero(selected)[0]
        influence += np.bincount(image, part - value, len(maps)) / len(part)
    n_pairs = int(min(masks.any((1, 2)).sum(), (~masks).any((1, 2)).sum()))
    error = math.inf
    if len(maps) > 1:
        error = math.sqrt(influence @ influence * len(maps) / (len(maps) - 1))
    return _estimate(value, error, max(1, n_pairs // 2))


def _estimate(value: float, error: float, n_pairs: int) -> Estimate:
    """An area with its interval; n_pairs : of images, no two of which share one."""
    if value in (0, 1):
        reach = (ALPHA / 2) ** (1 / n_pairs)
        return Estimate(value=value, low=value * reach, high=1 - (1 - value) * reach)
    logit = math.log(value / (1 - value))
    margin = NORMAL.inv_cdf(1 - ALPHA / 2) * error / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-end)) for end in (logit - margin, logit + margin))
    return Estimate(value=value, low=low, high=high)


def paired_test(first: Scores, second: Scores) -> tuple[float, float]:
    """AUROC of one score minus that of another of the same images, and the two-sided p-value.

    A score of fewer images has the first ones of each set: those that both have are compared.

    Source: DeLong et al. 1988, Biometrics 44:837; for versions Obuchowski 1997.
    """
    n_in, n_out = (min(a.shape[-1], b.shape[-1]) for a, b in zip(first, second, strict=True))
    influences = (_influences(a[:n_in], b[..., :n_out]) for a, b in (first, second))
    value, error = _mean_and_error([a - b for a, b in zip(*influences, strict=True)])
    if error == 0:
        return value, float(value == 0)
    return value, 2 * NORMAL.cdf(-abs(value) / error)


def candidates(scores: Mapping[str, Scores]) -> list[str]:
    """Names of the scores of the same images that may be the best, largest AUROC first.

    Each of the others is below the first by a paired test with Bonferroni's correction, so that
    the truly best score is among the names in at least 95% of cases.

    Source: multiple comparisons with the best, Edwards & Hsu 1983, JASA 78:965.
    """
    value = {name: _mean_and_error(_influences(*pair))[0] for name, pair in scores.items()}
    first, *others = sorted(value, key=lambda name: -value[name])

    def may_be_best(name: str) -> bool:
        difference, p = paired_test(scores[first], scores[name])
        return difference <= 0 or p * len(others) > ALPHA

    return [first, *filter(may_be_best, others)]


def _influences(scores_in: np.ndarray, scores_out: np.ndarray) -> list[np.ndarray]:
    """What each independent image says of AUROC: (N,) and (M,), or (N,) together with versions.

    The means of all arrays are AUROC, or twice that of one array.
    """
    above_in = 1 - _share_below(scores_in, scores_out)
    below_out = _share_below(scores_out, scores_in)
    return [above_in, below_out] if scores_out.ndim == 1 else [above_in + below_out.mean(0)]


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Share of the others below each score, ties counting half."""
    others = np.sort(others, axis=None)
    below, up_to = (np.searchsorted(others, scores, side) for side in ("left", "right"))
    return (below + up_to) / (2 * others.size)


def _mean_and_error(influences: list[np.ndarray]) -> tuple[float, float]:
    """AUROC, or a difference of two, and its standard error: infinite where one image is all."""
    variances = [np.var(v, ddof=1) / len(v) if len(v) > 1 else math.inf for v in influences]
    return float(sum(v.mean() for v in influences) / 2), math.sqrt(sum(variances))
