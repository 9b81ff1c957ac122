"""ROC and precision-recall curves from scores."""

from collections.abc import Callable

import numpy as np

from ..anomaly.results import POOLED
from ..results.model import ModelResults

ROC_POINTS = 100
Curve = tuple[np.ndarray, np.ndarray]


def roc(scores_in: np.ndarray, scores_out: np.ndarray) -> Curve:
    """False and true positive rate of "an image above the threshold is anomalous", per threshold.

    Parameters
    ----------
    scores_in, scores_out : (N,) of in-distribution images and (M,) of anomalous ones; larger is
        more anomalous

    Returns
    -------
    two (T,) float64 from 0 to 1, T at most N + M + 1; tied scores move both rates in one step.
    """
    scores = np.concatenate([scores_in, scores_out])
    is_anomalous = np.repeat([False, True], [len(scores_in), len(scores_out)])
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # of equal scores, only the last counts
    true = np.cumsum(is_anomalous[order])[last]
    false = np.cumsum(~is_anomalous[order])[last]
    return np.append(0, false) / len(scores_in), np.append(0, true) / len(scores_out)


def precision_recall(scores_in: np.ndarray, scores_out: np.ndarray) -> Curve:
    """Recall and precision of "an image above the threshold is anomalous", per threshold.

    As `roc`; the first point, where no image is above, has the precision of the next.
    """
    false, true = roc(scores_in, scores_out)
    true_positives = true[1:] * len(scores_out)
    false_positives = false[1:] * len(scores_in)
    precision = true_positives / (true_positives + false_positives)
    return true, np.append(precision[:1], precision)


def thin(x: np.ndarray, y: np.ndarray, points: int) -> Curve:
    """At most `points` of a curve's own points, evenly along the curve, with both ends."""
    along = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    indices = np.unique(np.searchsorted(along, np.linspace(0, along[-1], points)))
    return x[indices], y[indices]


def anomalous_scores(result: ModelResults, kind: str, name: str) -> np.ndarray | None:
    """The main score of a set of images, (N,); of a kind in `POOLED` that of all its sets."""
    if kind in POOLED:
        parts = [v for (part, _), v in result.main_scores.items() if part == POOLED[kind]]
        return np.concatenate(parts) if parts else None
    return result.main_scores.get((kind, name))


def detection_curve(
    result: ModelResults, kind: str, name: str, curve: Callable[..., Curve] = roc
) -> Curve | None:
    """The thinned curve of the main score, test images against a set of others; None without."""
    scores_out = anomalous_scores(result, kind, name)
    if scores_out is None:
        return None
    return thin(*curve(result.main_scores["test", "test"], scores_out), ROC_POINTS)
