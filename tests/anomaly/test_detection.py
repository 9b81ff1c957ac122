import fabricated
import numpy as np
import pytest

from genbench.anomaly import detection, results
from genbench.anomaly.corruptions import corrupt
from genbench.anomaly.results import DetectionResults, ImageSet, SetScores
from genbench.utils import files


def scores_of(kind, values, name=None):
    return SetScores(kind, name or kind, {"s": np.asarray(values, float)})


def test_the_threshold_comes_from_validation_and_keeps_its_false_positive_rate():
    rng = np.random.default_rng(5)
    n = 4000
    val, test, noise = (rng.normal(size=n) for _ in range(3))
    sets = [scores_of("val", val), scores_of("test", test)]
    sets.append(scores_of("corruption", noise + 3, "noise"))
    decisions = detection.detection_results(sets, quantile=0.9).main("corruptions").decisions
    error = 4 * np.sqrt(2 * 0.1 * 0.9 / n)
    assert decisions.fp / n == pytest.approx(0.1, abs=error)
    assert decisions.threshold == np.quantile(val, 0.9)


def test_a_set_against_itself_is_chance():
    names = {"val": "val", "test": "test", "ood": "twin", "corruption": "blur"}
    sets = [scores_of(kind, np.arange(50.0), name) for kind, name in names.items()]
    detections = detection.detection_results(sets, quantile=0.9)
    assert (
        detections.main("ood", "twin").auroc.value
        == detections.main("corruptions").auroc.value
        == 0.5
    )


def test_every_corruption_is_decided_on_its_own():
    sets = [scores_of(part, np.arange(100.0)) for part in ("val", "test")]
    sets.append(scores_of("corruption", np.full(10, 200.0), "noise"))
    sets.append(scores_of("corruption", np.zeros(10), "blur"))
    detections = detection.detection_results(sets, quantile=0.9)
    assert detections.main("corruption", "noise").decisions.tp == 10
    assert detections.main("corruption", "blur").decisions.tp == 0
    pooled = detections.main("corruptions", "all")
    assert pooled.decisions.tp == 10 and pooled.decisions.fn == 10
    assert (pooled.n_in, pooled.n_out) == (100, 20)


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
    params = fabricated.params()
    params = params.model_copy(update={"anomaly": params.anomaly.model_copy(update={"n": 10})})
    sets = detection.detection_sets(params, "digits", tmp_path / "data.npz")
    again = detection.detection_sets(params, "digits", tmp_path / "data.npz")
    assert all(np.array_equal(a.x, b.x) for a, b in zip(sets, again, strict=True))
    corruptions = [("corruption", name) for name in params.anomaly.severities]
    names = [("val", "val"), ("test", "test"), *corruptions, ("ood", "photos"), ("ood", "noise")]
    assert [(part.kind, part.name) for part in sets] == names
    test = sets[1]
    images = [image.tobytes() for image in arrays["test_x"]]
    assert len({images.index(image.tobytes()) for image in test.x}) == 10
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
    sets = [SetScores("test", "test", {"a": np.arange(3.0), "b/c": np.arange(2.0)})]
    sets.append(SetScores("ood", "my-photos", {"a": np.zeros(4), "b/c": np.ones(1)}))
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
