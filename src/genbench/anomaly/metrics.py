"""Numbers that say how well a score tells anomalous images from in-distribution ones.

In every function `scores_in` (N,) are of in-distribution images and `scores_out` (M,) of anomalous
ones; larger is more anomalous.
"""

import math

import numpy as np

from .results import Decisions, Shift


def average_precision(negatives: np.ndarray, positives: np.ndarray) -> float:
    """Area under the precision-recall curve in steps, where positives should score higher."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(*_labels_and_scores(negatives, positives)))


def _labels_and_scores(
    negatives: np.ndarray, positives: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What scikit-learn's metrics take: 1 for positives, and all scores."""
    labels = np.repeat([0, 1], [len(negatives), len(positives)])
    return labels, np.concatenate([negatives, positives])


def fpr95(scores_in: np.ndarray, scores_out: np.ndarray) -> float:
    """Share of in-distribution images at or above the score that 95% of anomalous ones reach."""
    threshold = np.sort(scores_out)[int(np.floor(0.05 * len(scores_out)))]
    return float((scores_in >= threshold).mean())


def effect_size(scores_in: np.ndarray, scores_out: np.ndarray) -> Shift:
    """Whether scores are higher in one of two sets, on average.

    Returns
    -------
    Shift : means and their standard errors in units of the score; `effect`, Cohen's d, the
        difference in pooled standard deviations, above 0 where `scores_out` is higher; `p` of
        Welch's t-test, two-sided
    """
    from scipy.stats import ttest_ind_from_stats

    mean_in, mean_out = (scores.mean(dtype=float) for scores in (scores_in, scores_out))
    var_in, var_out = (scores.var(ddof=1, dtype=float) for scores in (scores_in, scores_out))
    pooled = math.sqrt((var_in + var_out) / 2)
    welch = ttest_ind_from_stats(
        mean1=mean_in,
        std1=math.sqrt(var_in),
        nobs1=len(scores_in),
        mean2=mean_out,
        std2=math.sqrt(var_out),
        nobs2=len(scores_out),
        equal_var=False,
    )
    return Shift(
        mean_in=mean_in,
        mean_out=mean_out,
        sem_in=math.sqrt(var_in / len(scores_in)),
        sem_out=math.sqrt(var_out / len(scores_out)),
        effect=(mean_out - mean_in) / pooled if pooled else 0.0,
        p=float(welch.pvalue) if pooled else float(mean_in == mean_out),
    )


def confusion_counts(scores_in: np.ndarray, scores_out: np.ndarray, threshold: float) -> Decisions:
    """Counts and rates of the rule "an anomaly scores above `threshold`"."""
    tp = int((scores_out > threshold).sum())
    fp = int((scores_in > threshold).sum())
    fn = len(scores_out) - tp
    tn = len(scores_in) - fp
    return Decisions(
        threshold=threshold,
        tp=tp,
        fp=fp,
        tn=tn,
        fn=fn,
        precision=tp / (tp + fp) if tp + fp else 0.0,
        recall=tp / (tp + fn),
        f1=2 * tp / (2 * tp + fp + fn),
    )
