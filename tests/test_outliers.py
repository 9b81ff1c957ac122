import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from genbench import outliers
from genbench.params import CORRUPTIONS

KINDS = CORRUPTIONS.__args__


def images(channels=1, n=6, size=8):
    return np.random.default_rng(0).integers(0, 256, (n, channels, size, size), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_corruption_keeps_shape_and_type_and_changes_every_image(kind, channels):
    x = images(channels)
    out = outliers.corrupt(x, kind, np.random.default_rng(1))
    assert (out.shape, out.dtype) == (x.shape, np.uint8)
    assert (out != x).any((1, 2, 3)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_corruption_depends_on_its_generator_alone(kind):
    first, second = (outliers.corrupt(images(), kind, np.random.default_rng(2)) for _ in range(2))
    assert np.array_equal(first, second)


def test_inversion_twice_is_nothing():
    x = images()
    assert np.array_equal(
        outliers.corrupt(outliers.corrupt(x, "inversion", None), "inversion", None), x
    )


def test_blur_leaves_a_flat_image_flat():
    x = np.full((2, 3, 8, 8), 77, np.uint8)
    assert np.array_equal(outliers.corrupt(x, "blur", None), x)


def test_occlusion_covers_a_quarter_of_the_pixels():
    x = np.zeros((5, 3, 8, 8), np.uint8)
    out = outliers.corrupt(x, "occlusion", np.random.default_rng(3))
    assert ((out == 128).sum((1, 2, 3)) == 3 * 16).all()


def test_an_unknown_corruption_is_named():
    with pytest.raises(ValueError, match="unknown corruption rain"):
        outliers.corrupt(images(), "rain", None)


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize("ties", [False, True])
def test_detection_agrees_with_scikit_learn_whatever_the_scale(scale, ties):
    random = np.random.default_rng(4)
    normal, strange = random.normal(size=80), random.normal(size=50) + 1
    if ties:
        normal, strange = normal.round(), strange.round()
    found = outliers.detection(scale * normal, scale * strange)
    truth, both = np.repeat([0, 1], [80, 50]), np.concatenate([normal, strange])
    assert found["auroc"] == pytest.approx(roc_auc_score(truth, both), abs=1e-6)
    assert found["aupr"] == pytest.approx(average_precision_score(truth, both), abs=1e-6)


def test_detection_of_known_cases():
    assert outliers.detection(np.arange(100), np.arange(100, 200)) == {
        "auroc": 1,
        "aupr": 1,
        "fpr95": 0,
    }
    assert outliers.detection(np.arange(100, 200), np.arange(100))["auroc"] == 0
    assert outliers.detection(np.zeros(9), np.zeros(9))["auroc"] == 0.5
    # 95 of the strange reach 5, which the normal 5 to 9 do as well
    assert outliers.detection(np.arange(10), np.arange(100))["fpr95"] == 0.5


def test_decisions_count_what_lies_above_the_threshold():
    found = outliers.decisions(np.array([0, 1, 2, 3]), np.array([2, 3, 4]), threshold=2)
    assert {k: found[k] for k in ("tp", "fp", "tn", "fn")} == {"tp": 2, "fp": 1, "tn": 3, "fn": 1}
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(2 / 3)


def test_nothing_found_has_no_precision():
    found = outliers.decisions(np.zeros(3), np.zeros(2), threshold=1)
    assert (found["precision"], found["recall"], found["f1"]) == (0, 0, 0)


def test_the_threshold_comes_from_validation_and_keeps_its_false_positive_rate():
    random = np.random.default_rng(5)
    n = 4000
    scores = {part: {"s": random.normal(size=n)} for part in ("val", "test")}
    scores["corrupted-noise"] = {"s": random.normal(size=n) + 3}
    found = outliers.verdict(scores, quantile=0.9)["anomaly"]["s"]
    error = 4 * np.sqrt(2 * 0.1 * 0.9 / n)
    assert found["fp"] / n == pytest.approx(0.1, abs=error)
    assert found["threshold"] == np.quantile(scores["val"]["s"], 0.9)


def test_a_set_against_itself_is_chance():
    scores = {
        part: {"s": np.arange(50.0)} for part in ("val", "test", "ood-twin", "corrupted-blur")
    }
    found = outliers.verdict(scores, quantile=0.9)
    assert found["ood"]["twin"]["s"]["auroc"] == found["anomaly"]["s"]["auroc"] == 0.5
