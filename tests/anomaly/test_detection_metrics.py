import numpy as np
import pytest

from genbench.anomaly import metrics
from genbench.auroc import auroc


def average_precision(negatives, positives):
    """Precision at the score of each positive, mean."""
    above = lambda scores: (scores >= positives[:, None]).sum(1)  # noqa: E731
    return (above(positives) / (above(positives) + above(negatives))).mean()


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize("ties", [False, True])
def test_auroc_and_average_precision_are_their_definitions_whatever_the_scale(scale, ties):
    rng = np.random.default_rng(4)
    scores_in = rng.normal(size=80)
    scores_out = rng.normal(size=50) + 1
    if ties:
        scores_in, scores_out = scores_in.round(), scores_out.round()
    wins = (scores_out[:, None] > scores_in) + 0.5 * (scores_out[:, None] == scores_in)
    area = auroc(scale * scores_in, scale * scores_out).value
    assert area == pytest.approx(wins.mean(), abs=1e-12)
    aupr = metrics.average_precision(scale * scores_in, scale * scores_out)
    assert aupr == pytest.approx(average_precision(scores_in, scores_out), abs=1e-12)
    aupr_normal = metrics.average_precision(-scale * scores_out, -scale * scores_in)
    in_first = average_precision(-scores_out, -scores_in)
    assert aupr_normal == pytest.approx(in_first, abs=1e-12)


def test_a_perfect_detector():
    scores_in, scores_out = np.arange(100), np.arange(100, 200)
    assert auroc(scores_in, scores_out).value == 1
    assert metrics.average_precision(scores_in, scores_out) == 1
    assert metrics.average_precision(-scores_out, -scores_in) == 1
    assert metrics.fpr95(scores_in, scores_out) == 0


def test_known_cases():
    assert auroc(np.arange(100, 200), np.arange(100)).value == 0
    assert auroc(np.zeros(9), np.zeros(9)).value == 0.5
    # 95 of the anomalous images reach 5, which the in-distribution 5 to 9 do as well
    assert metrics.fpr95(np.arange(10), np.arange(100)) == 0.5


def test_decisions_count_what_lies_above_the_threshold():
    decisions = metrics.confusion_counts(np.array([0, 1, 2, 3]), np.array([2, 3, 4]), threshold=2)
    assert (decisions.tp, decisions.fp, decisions.tn, decisions.fn) == (2, 1, 3, 1)
    assert decisions.precision == decisions.recall == decisions.f1 == pytest.approx(2 / 3)


def test_without_an_alarm_precision_is_0():
    decisions = metrics.confusion_counts(np.zeros(3), np.zeros(2), threshold=1)
    assert (decisions.precision, decisions.recall, decisions.f1) == (0, 0, 0)


def test_shifts_agree_with_scipy():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(1)
    a, b = rng.normal(size=400), 1.5 * rng.normal(size=500) + 0.2
    few = rng.normal(size=7)
    shift = metrics.effect_size(a, b)
    assert shift.p == pytest.approx(ttest_ind(a, b, equal_var=False).pvalue, rel=1e-9)
    p = ttest_ind(few, b, equal_var=False).pvalue
    assert metrics.effect_size(few, b).p == pytest.approx(p, rel=1e-9)
    assert shift.effect == pytest.approx(
        (b.mean() - a.mean()) / np.sqrt((a.var() + b.var()) / 2), rel=1e-2
    )
    assert shift.sem_in == pytest.approx(a.std(ddof=1) / 20)
    assert metrics.effect_size(a, -b).effect < 0


def test_equal_constants_have_no_effect():
    shift = metrics.effect_size(np.ones(5), np.ones(5))
    assert (shift.effect, shift.p) == (0, 1)
