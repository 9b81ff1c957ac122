import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from genbench.anomaly import detection


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize("ties", [False, True])
def test_detection_agrees_with_scikit_learn_whatever_the_scale(scale, ties):
    random = np.random.default_rng(4)
    normal, strange = random.normal(size=80), random.normal(size=50) + 1
    if ties:
        normal, strange = normal.round(), strange.round()
    found = detection.auroc_aupr_fpr(scale * normal, scale * strange)
    truth, both = np.repeat([0, 1], [80, 50]), np.concatenate([normal, strange])
    assert found["auroc"] == pytest.approx(roc_auc_score(truth, both), abs=1e-6)
    assert found["aupr"] == pytest.approx(average_precision_score(truth, both), abs=1e-6)
    normal_first = average_precision_score(1 - truth, -both)
    assert found["aupr_normal"] == pytest.approx(normal_first, abs=1e-6)


def test_detection_of_known_cases():
    perfect = dict.fromkeys(("auroc", "auroc_low", "auroc_high", "aupr", "aupr_normal"), 1)
    assert detection.auroc_aupr_fpr(np.arange(100), np.arange(100, 200)) == perfect | {"fpr95": 0}
    assert detection.auroc_aupr_fpr(np.arange(100, 200), np.arange(100))["auroc"] == 0
    assert detection.auroc_aupr_fpr(np.zeros(9), np.zeros(9))["auroc"] == 0.5
    # 95 of the strange reach 5, which the normal 5 to 9 do as well
    assert detection.auroc_aupr_fpr(np.arange(10), np.arange(100))["fpr95"] == 0.5


def test_decisions_count_what_lies_above_the_threshold():
    found = detection.confusion_counts(np.array([0, 1, 2, 3]), np.array([2, 3, 4]), threshold=2)
    assert {k: found[k] for k in ("tp", "fp", "tn", "fn")} == {"tp": 2, "fp": 1, "tn": 3, "fn": 1}
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(2 / 3)


def test_nothing_found_has_no_precision():
    found = detection.confusion_counts(np.zeros(3), np.zeros(2), threshold=1)
    assert (found["precision"], found["recall"], found["f1"]) == (0, 0, 0)


def test_the_threshold_comes_from_validation_and_keeps_its_false_positive_rate():
    random = np.random.default_rng(5)
    n = 4000
    scores = {part: {"s": random.normal(size=n)} for part in ("val", "test")}
    scores["corrupted-noise"] = {"s": random.normal(size=n) + 3}
    found = detection.detection_results(scores, quantile=0.9)["anomaly"]["s"]
    error = 4 * np.sqrt(2 * 0.1 * 0.9 / n)
    assert found["fp"] / n == pytest.approx(0.1, abs=error)
    assert found["threshold"] == np.quantile(scores["val"]["s"], 0.9)


def test_a_set_against_itself_is_chance():
    scores = {
        part: {"s": np.arange(50.0)} for part in ("val", "test", "ood-twin", "corrupted-blur")
    }
    found = detection.detection_results(scores, quantile=0.9)
    assert found["ood"]["twin"]["s"]["auroc"] == found["anomaly"]["s"]["auroc"] == 0.5


def test_the_interval_of_the_auroc_holds_the_truth_in_about_95_of_100_cases():
    truth, hits = 0.7602, 0  # of N(0, 1) against N(1, 1): the chance that N(1, 2) is above 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        found = detection.auroc_aupr_fpr(random.normal(size=60), random.normal(size=90) + 1)
        hits += found["auroc_low"] <= truth <= found["auroc_high"]
    assert 180 <= hits <= 199


def test_delongs_error_agrees_with_its_definition_with_ties():
    random = np.random.default_rng(0)
    normal, strange = random.normal(size=30).round(1), (random.normal(size=20) + 0.5).round(1)
    wins = (strange[:, None] > normal) + 0.5 * (strange[:, None] == normal)
    want = wins.mean(1).var(ddof=1) / 20 + wins.mean(0).var(ddof=1) / 30
    assert detection.auroc_standard_error(normal, strange) == pytest.approx(want**0.5)


def test_differences_agree_with_scipy():
    from scipy.stats import ttest_ind

    random = np.random.default_rng(1)
    a, b = random.normal(size=400), 1.5 * random.normal(size=500) + 0.2
    found = detection.effect_size(a, b)
    assert found["p"] == pytest.approx(ttest_ind(a, b, equal_var=False).pvalue, rel=0.05)
    assert found["effect"] == pytest.approx(
        (b.mean() - a.mean()) / np.sqrt((a.var() + b.var()) / 2), rel=1e-2
    )
    assert found["sem_in"] == pytest.approx(a.std(ddof=1) / 20)
    assert detection.effect_size(a, -b)["effect"] < 0


def test_equal_constants_differ_in_nothing():
    found = detection.effect_size(np.ones(5), np.ones(5))
    assert (found["effect"], found["p"]) == (0, 1)


def test_every_corruption_is_decided_on_its_own():
    scores = {"val": {"s": np.arange(100.0)}, "test": {"s": np.arange(100.0)}}
    scores |= {"corrupted-noise": {"s": np.full(10, 200.0)}, "corrupted-blur": {"s": np.zeros(10)}}
    found = detection.detection_results(scores, quantile=0.9)
    assert found["kinds"]["noise"]["s"]["tp"] == 10 and found["kinds"]["blur"]["s"]["tp"] == 0
    assert found["anomaly"]["s"]["tp"] == 10 and found["anomaly"]["s"]["fn"] == 10
