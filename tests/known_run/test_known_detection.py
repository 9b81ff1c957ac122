"""Detection is of the right images by the right scores, in numbers and in pictures."""

import by_hand
import numpy as np
import pytest
import torch
from known import DATASET, GAN, OTHER, VAE
from PIL import Image
from scipy.stats import ttest_ind
from sklearn.metrics import average_precision_score, roc_auc_score

from genbench.anomaly.baselines import make_baseline_scorer
from genbench.anomaly.corruptions import corrupt
from genbench.anomaly.detection import detection_sets
from genbench.anomaly.iterative import iterative_scores
from genbench.anomaly.results import DetectionResults, load_scores
from genbench.anomaly.scores import Scorer
from genbench.models.base.registry import load_model
from genbench.networks.classifier import extract_features, load_classifier

ITERATIVE = ("importance_weighted", "likelihood_regret", "latent_inversion")
MAIN_SCORE = {GAN: "discriminator", VAE: "negative_elbo", "baselines": "mean_pixel"}


def detector_of(run, name):
    """Scores of images (N, C, H, W), anew from the weights and training images."""
    train = run.processed["train_x"], run.processed["train_y"]
    if name == "baselines":
        path = run.root / "data" / "classifiers" / DATASET / "weights.pt"
        network = load_classifier(path, torch.device("cpu"))
        return make_baseline_scorer(train[0], lambda x: extract_features(network, x)[1])
    return Scorer(load_model(run.root / "data" / "models" / DATASET / name / "weights.pt"), *train)


def detector_sets(run):
    """What detectors are tried on, with the masks that are known."""
    path = run.root / "data" / "processed" / f"{DATASET}.npz"
    return detection_sets(run.params, DATASET, path)


def image_sets(run):
    """The images of every set, by kind and name."""
    test = run.processed["test_x"]
    sets = {("val", "val"): run.processed["val_x"], ("test", "test"): test}
    occluded = next(part for part in detector_sets(run) if part.name == "occlusion").x
    for name in ("blur", "occlusion", "inversion"):
        x = occluded if name == "occlusion" else corrupt(test, name, 1, np.random.default_rng())
        sets["corruption", name] = x
    return sets | {("ood", name): run.processed[f"ood_{name}_x"] for name in (OTHER, "noise")}


@pytest.fixture(scope="module", params=MAIN_SCORE)
def detection(run, request):
    """The name of a detector, the folder of its stage, its stored scores by kind and name."""
    name = request.param
    folder = run.details(*(["baselines"] if name == "baselines" else ["anomaly"]))
    folder = folder if name == "baselines" else folder / name
    sets = {(part.kind, part.name): part.scores for part in load_scores(folder / "scores.npz")}
    return name, folder, sets


def test_scores_are_of_the_images_of_each_set(run, detection):
    name, _, stored = detection
    detector = detector_of(run, name)
    sets = image_sets(run)
    assert list(stored) == list(sets)
    for key, x in sets.items():
        scores = detector(x)
        own = [score for score in stored[key] if score not in ITERATIVE]
        assert list(scores) == own and own[0] == MAIN_SCORE[name]
        for score, values in scores.items():
            values, found = np.sort(values), np.sort(stored[key][score])
            np.testing.assert_allclose(found, values, rtol=1e-3, atol=1e-3, err_msg=score)


@pytest.mark.parametrize("name", [GAN, VAE])
def test_iterative_scores_are_of_the_first_images(run, name):
    path = run.details("anomaly", name, "scores.npz")
    (stored,) = (part.scores for part in load_scores(path) if part.kind == "test")
    x = run.processed["test_x"]
    detector = detector_of(run, name)
    main = detector(x)[MAIN_SCORE[name]]
    order = np.abs(stored[MAIN_SCORE[name]][:, None] - main).argmin(1)[:8]
    assert len(set(order)) == 8
    choices = run.params.anomaly.iterative
    expected = iterative_scores(detector.model, x[order], detector.log_shares, choices)
    assert expected.keys() == stored.keys() & set(ITERATIVE)
    for score, values in expected.items():
        np.testing.assert_allclose(stored[score], values, rtol=1e-3, err_msg=score)


def test_detections_are_the_definitions_on_the_stored_scores(detection):
    name, folder, sets = detection
    results = DetectionResults.load(folder / "metrics.json")
    assert results.main_score == MAIN_SCORE[name]
    pooled = [scores for (kind, _), scores in sets.items() if kind == "corruption"]
    sets = sets | {
        ("corruptions", "all"): {k: np.concatenate([part[k] for part in pooled]) for k in pooled[0]}
    }
    detected = {(d.kind, d.name, d.score): d for d in results.detections}
    anomalous = [key for key in sets if key[0] not in ("val", "test")]
    assert detected.keys() == {(*key, score) for key in anomalous for score in sets[key]}
    for (kind, each, score), found in detected.items():
        inside, outside = sets["test", "test"][score], sets[kind, each][score]
        check_detection(found, inside, outside, np.quantile(sets["val", "val"][score], 0.95))


def check_detection(found, inside, outside, threshold):
    labels = np.repeat([0, 1], [len(inside), len(outside)])
    values = np.concatenate([inside, outside]).astype(float)
    assert (found.n_in, found.n_out) == (len(inside), len(outside))
    assert found.auroc.value == pytest.approx(roc_auc_score(labels, values), abs=1e-5)
    assert found.auroc.low <= found.auroc.value <= found.auroc.high
    assert found.aupr == pytest.approx(average_precision_score(labels, values), abs=1e-5)
    normal = average_precision_score(1 - labels, -values)
    assert found.aupr_normal == pytest.approx(normal, abs=1e-5)
    if found.kind == "ood":
        assert found.decisions is None
        assert found.shift.mean_in == pytest.approx(inside.mean(dtype=float), rel=1e-4)
        assert found.shift.mean_out == pytest.approx(outside.mean(dtype=float), rel=1e-4)
        if not np.ptp(values):  # every image is a PNG of the same size
            return
        welch = ttest_ind(outside.astype(float), inside.astype(float), equal_var=False)
        assert found.shift.p == pytest.approx(welch.pvalue, rel=1e-3, abs=1e-12)
        assert np.sign(found.shift.effect) == np.sign(welch.statistic)
        return
    assert found.shift is None
    decisions = found.decisions
    assert decisions.threshold == pytest.approx(threshold, rel=1e-4)
    above = [(part > threshold).sum() for part in (inside, outside)]
    assert (decisions.fp, decisions.tp) == tuple(above)
    assert (decisions.tn, decisions.fn) == (len(inside) - above[0], len(outside) - above[1])
    assert decisions.recall == pytest.approx(above[1] / len(outside), abs=1e-5)
    assert decisions.precision == pytest.approx(above[1] / max(1, sum(above)), abs=1e-5)


@pytest.mark.parametrize("name", [GAN, VAE])
def test_the_figure_has_the_lowest_and_highest_scores_of_each_set(run, name):
    detector = detector_of(run, name)
    picture = np.asarray(Image.open(run.details("anomaly", name, "extremes.png")))
    tiles = by_hand.rows(picture, 8, 22)
    sets = {key: images for key, images in image_sets(run).items() if key[0] != "val"}
    assert len(tiles) == 2 * len(sets)
    for i, x in enumerate(sets.values()):
        scores = next(iter(detector(x).values()))
        order = np.argsort(scores, kind="stable")
        for row, ends in ((2 * i, order), (2 * i + 1, order[::-1])):
            n = min(22, len(x))
            assert np.array_equal(tiles[row][: n // 2], x[ends[: n // 2], 0])


@pytest.mark.parametrize("name", [VAE, "baselines"])
def test_a_map_of_errors_shows_where_the_square_is(run, name):
    (occluded,) = (part for part in detector_sets(run) if part.name == "occlusion")
    assert (occluded.x.transpose(0, 2, 3, 1)[occluded.mask] == 128).all()
    x = occluded.x / 127.5 - 1
    if name == "baselines":
        path = run.details("baselines", "metrics.json")
        made = run.processed["train_x"].mean(0) / 127.5 - 1
    else:
        path = run.details("anomaly", name, "metrics.json")
        model = load_model(run.root / "data" / "models" / DATASET / name / "weights.pt")
        x = torch.from_numpy(x).float()
        y = torch.zeros(len(x), dtype=torch.long)
        with torch.no_grad():
            made = model.decode(model.encode(x, y), y)
    errors = np.asarray(((x - made) ** 2).mean(1))
    (found,) = DetectionResults.load(path).localizations
    assert (found.kind, found.name, found.n) == ("corruption", "occlusion", len(x))
    expected = roc_auc_score(occluded.mask.ravel(), errors.ravel())
    assert found.auroc.value == pytest.approx(expected, abs=1e-4)


def test_a_model_without_an_encoder_has_no_maps(run):
    folder = run.details("anomaly", GAN)
    assert DetectionResults.load(folder / "metrics.json").localizations == []
    assert not (folder / "maps.png").exists()
