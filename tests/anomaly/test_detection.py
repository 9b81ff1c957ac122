import fabricated
import numpy as np
import pytest
from scipy.stats import ttest_ind
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from genbench.anomaly import detection, results
from genbench.anomaly.corruptions import corrupt
from genbench.anomaly.results import DetectionResults, ImageSet, SetScores
from genbench.auroc import auroc
from genbench.utils import files


def check_detection(row, inside, outside, threshold):
    """Compare every number of a detection with scikit-learn and scipy."""
    labels = np.repeat([0, 1], [len(inside), len(outside)])
    scores = np.concatenate([inside, outside])
    assert (row.n_in, row.n_out) == (len(inside), len(outside))
    assert row.auroc.value == pytest.approx(roc_auc_score(labels, scores))
    check_interval(row, inside, outside)
    assert row.aupr == pytest.approx(average_precision_score(labels, scores))
    assert row.aupr_normal == pytest.approx(average_precision_score(1 - labels, -scores))
    reached = max(t for t in outside if (outside >= t).mean() >= 0.95)
    assert row.fpr95 == (inside >= reached).mean()
    if row.kind == "ood":
        shift = row.shift
        assert shift.p == pytest.approx(ttest_ind(inside, outside, equal_var=False).pvalue)
        means = inside.mean(), outside.mean(), inside.std(ddof=1), outside.std(ddof=1)
        assert (shift.mean_in, shift.mean_out) == pytest.approx(means[:2])
        errors = means[2] / row.n_in**0.5, means[3] / row.n_out**0.5
        assert (shift.sem_in, shift.sem_out) == pytest.approx(errors)
        pooled = np.hypot(*means[2:]) / 2**0.5
        assert shift.effect == pytest.approx((means[1] - means[0]) / pooled)
        return
    decisions = row.decisions
    decided = scores > threshold
    assert decisions.threshold == pytest.approx(threshold)
    assert decisions.tp == decided[labels == 1].sum() == row.n_out - decisions.fn
    assert decisions.fp == decided[labels == 0].sum() == row.n_in - decisions.tn
    assert decisions.precision == pytest.approx(precision_score(labels, decided))
    assert decisions.recall == pytest.approx(recall_score(labels, decided))
    assert decisions.f1 == pytest.approx(f1_score(labels, decided))


def check_interval(row, inside, outside):
    """Compare an interval with the variance over images, a corruption being the same images."""
    wins = (outside[:, None] > inside) + 0.5 * (outside[:, None] == inside)
    if row.kind in ("ood", "defect", "defects"):
        variance = wins.mean(1).var(ddof=1) / row.n_out + wins.mean(0).var(ddof=1) / row.n_in
    else:
        of_image = wins.mean(1).reshape(-1, row.n_in).mean(0) + wins.mean(0)
        variance = of_image.var(ddof=1) / row.n_in
    value, low, high = (v / (1 - v) for v in (row.auroc.value, row.auroc.low, row.auroc.high))
    ratio = np.exp(1.959964 * variance**0.5 * (1 + value) ** 2 / value)
    assert (low, high) == pytest.approx((value / ratio, value * ratio), rel=1e-4)


def test_every_number_of_every_detection_agrees_with_scikit_learn_and_scipy():
    rng = np.random.default_rng(0)
    shapes = {("val", "val"): (33, 0.5), ("test", "test"): (40, 0.0)}
    shapes |= {("corruption", "noise"): (40, 1.0), ("corruption", "blur"): (40, -0.5)}
    shapes |= {("ood", "photos"): (28, 0.7), ("ood", "noise"): (17, 2.0)}
    scores = {
        key: {
            "main": rng.normal(mean, 1 + mean**2, n),
            "other": 3 * rng.normal(-mean, 1, n).round(1) + 9,
        }
        for key, (n, mean) in shapes.items()
    }
    sets = [SetScores(*key, values) for key, values in scores.items()]
    found = detection.detection_results(sets, quantile=0.8)
    assert found.main_score == "main"
    anomalous = {key: values for key, values in scores.items() if key[0] in ("corruption", "ood")}
    anomalous["corruptions", "all"] = {
        score: np.concatenate([scores["corruption", name][score] for name in ("noise", "blur")])
        for score in ("main", "other")
    }
    assert len(found.detections) == 2 * len(anomalous)
    for (kind, name), outside in anomalous.items():
        rows = found.by_score(kind, name)
        assert list(rows) == ["main", "other"] and found.main(kind, name) == rows["main"]
        for score, row in rows.items():
            threshold = np.quantile(scores["val", "val"][score], 0.8)
            check_detection(row, scores["test", "test"][score], outside[score], threshold)


def test_corruptions_are_decided_and_of_ood_datasets_the_shift_is_given(tmp_path):
    kinds = ("val", "test", "corruption", "ood")
    sets = [SetScores(k, k, {"b": np.arange(9.0), "a": np.arange(9.0) ** 2}) for k in kinds]
    detections = detection.detection_results(sets, quantile=0.9)
    parts = {d.kind: (d.decisions is not None, d.shift is not None) for d in detections.detections}
    decided, shifted = (True, False), (False, True)
    assert parts == {"corruptions": decided, "corruption": decided, "ood": shifted}
    assert detections.main_score == "b" and list(detections.by_score("ood")) == ["b", "a"]
    detections.save(tmp_path / "metrics.json")
    assert DetectionResults.load(tmp_path / "metrics.json").names("corruptions") == ["all"]


def test_sets_are_the_same_for_all_detectors_and_corruptions_are_of_the_test_images(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in {"val": 12, "test": 15, "ood_photos": 20, "ood_noise": 5}.items():
        arrays[f"{part}_x"] = rng.integers(0, 256, (n, 1, 8, 8), dtype=np.uint8)
    arrays["ood_names"] = np.array(["photos", "noise"])
    files.save_npz(tmp_path / "data.npz", **arrays)
    severities = {"noise": 20.0, "inversion": 1.0}
    choices = fabricated.TREE["anomaly"] | {"n": 10, "corruptions": severities}
    params = fabricated.params(anomaly=choices, data_seed=3)
    sets = detection.detection_sets(params, "digits", tmp_path / "data.npz")
    again = detection.detection_sets(params, "digits", tmp_path / "data.npz")
    assert all(np.array_equal(a.x, b.x) for a, b in zip(sets, again, strict=True))
    corruptions = [("corruption", name) for name in params.anomaly.severities]
    names = [("val", "val"), ("test", "test"), *corruptions, ("ood", "photos"), ("ood", "noise")]
    assert [(part.kind, part.name) for part in sets] == names
    val, test = sets[:2]
    for part in (val, test):
        images = [image.tobytes() for image in arrays[f"{part.name}_x"]]
        rows = [images.index(image.tobytes()) for image in part.x]
        assert len(set(rows)) == 10 and rows != sorted(rows)
    assert np.array_equal(sets[3].x, 255 - test.x)
    photos = [int((arrays["ood_photos_x"] == x).all((1, 2, 3)).argmax()) for x in sets[-2].x]
    assert len(set(photos)) == 10 and photos != sorted(photos)
    others = (
        detection.detection_sets(params, "mnist", tmp_path / "data.npz"),
        detection.detection_sets(
            params.model_copy(update={"data_seed": 4}), "digits", tmp_path / "data.npz"
        ),
    )
    for other in others:
        assert not any(np.array_equal(a.x, b.x) for a, b in zip(sets[:-1], other, strict=False))
    for part in sets:
        n = 5 if (part.kind, part.name) == ("ood", "noise") else 10
        assert len(part.x) == n
        if part.kind == "corruption":
            severity = params.anomaly.severities[part.name]
            own = np.random.default_rng(0)
            if part.name in ("blur", "inversion", "contrast"):
                assert np.array_equal(part.x, corrupt(test.x, part.name, severity, own))
            assert (part.x != test.x).any()


def test_scores_come_back_from_their_file_as_they_were(tmp_path):
    sets = [SetScores("test", "test", {"b/c": np.arange(3.0), "a": np.arange(2.0)})]
    sets.append(SetScores("ood", "my-photos", {"b/c": np.zeros(4), "a": np.ones(1)}))
    results.save_scores(tmp_path / "scores.npz", sets)
    for before, after in zip(sets, results.load_scores(tmp_path / "scores.npz"), strict=True):
        assert (before.kind, before.name) == (after.kind, after.name)
        assert list(before.scores) == list(after.scores)
        assert all(np.array_equal(before.scores[k], after.scores[k]) for k in before.scores)


def test_the_picture_has_the_lowest_and_the_highest_scores_by_the_main_score():
    shades = np.array([30, 10, 20], np.uint8)
    x = np.broadcast_to(shades[:, None, None, None], (3, 1, 8, 8))
    scores = {"main": shades.astype(float), "other": -shades.astype(float)}
    sets = [ImageSet(kind, kind, x) for kind in ("val", "test")]
    parts = [SetScores(kind, kind, scores) for kind in ("val", "test")]
    picture = detection.lowest_and_highest_scoring(sets, parts)
    lowest, highest = picture[0, ::66, 0], picture[66, ::66, 0]
    assert lowest[:4].tolist() == [10, 20, 30, 10] and highest[:4].tolist() == [30, 20, 10, 30]
    assert len(picture) == 2 * 66 - 2


def test_without_corruptions_there_are_detections_of_other_datasets_alone():
    random = np.random.default_rng(0)
    kinds = [("val", "val"), ("test", "test"), ("ood", "noise")]
    sets = [SetScores(*kind, {"a": random.normal(size=50)}) for kind in kinds]
    rows = detection.detection_results(sets, 0.95)
    assert rows.main_score == "a"
    assert [(row.kind, row.name) for row in rows.detections] == [("ood", "noise")]
    assert detection.detection_results(sets[:2], 0.95).detections == []


def test_defects_are_sets_of_their_own_and_all_of_them_one_set_of_other_images():
    random = np.random.default_rng(0)
    shapes = {"val": 40, "test": 50, "crack": 7, "bent wire": 12, "noise": 30}
    kinds = {"val": "val", "test": "test", "noise": "ood"}
    sets = [
        SetScores(
            kinds.get(name, "defect"),
            name,
            {score: random.normal(i / 2, 1, n) for score in ("main", "other")},
        )
        for i, (name, n) in enumerate(shapes.items())
    ]
    found = detection.detection_results(sets, quantile=0.8)
    val, test, crack, bent, _ = (part.scores for part in sets)
    for score in ("main", "other"):
        together = np.concatenate([crack[score], bent[score]])
        threshold = np.quantile(val[score], 0.8)
        for kind, name, outside in (
            ("defect", "crack", crack[score]),
            ("defect", "bent wire", bent[score]),
            ("defects", "all", together),
        ):
            row = found.by_score(kind, name)[score]
            check_detection(row, test[score], outside, threshold)
            assert row.auroc == auroc(test[score], outside) and row.shift is None
    assert found.names("defect") == ["crack", "bent wire"] and found.names("defects") == ["all"]


def test_at_most_so_many_images_of_each_defect_are_tried_and_the_other_sets_stay(tmp_path):
    rng = np.random.default_rng(0)
    sizes = {"val": 12, "test": 15, "ood_noise": 20, "defect_a_b": 20, "defect_c/d": 5}
    arrays = {
        f"{part}_x": rng.integers(0, 256, (n, 1, 8, 8), np.uint8) for part, n in sizes.items()
    }
    arrays["ood_names"] = np.array(["noise"])
    files.save_npz(tmp_path / "without.npz", **arrays)
    files.save_npz(tmp_path / "with.npz", **arrays, defect_names=np.array(["a_b", "c/d"]))
    params = fabricated.params(anomaly=fabricated.TREE["anomaly"] | {"n": 10})
    without, sets = (
        detection.detection_sets(params, "digits", tmp_path / name)
        for name in ("without.npz", "with.npz")
    )
    assert [(part.kind, part.name, len(part.x)) for part in sets[len(without) :]] == [
        ("defect", "a_b", 10),
        ("defect", "c/d", 5),
    ]
    assert all(np.array_equal(a.x, b.x) for a, b in zip(without, sets, strict=False))
    rows = [int((arrays["defect_a_b_x"] == x).all((1, 2, 3)).argmax()) for x in sets[-2].x]
    assert len(set(rows)) == 10 and rows != sorted(rows)
