"""Controls are of the images that they are said to be, against the right real ones."""

import by_hand
import numpy as np
import pytest
from known import CLASSES, DATASET
from PIL import Image
from test_known_quality import N, features_and_logits

from genbench.evaluation.classical import classical_samples
from genbench.evaluation.planted import planted_samples, split_test_images
from genbench.utils import seeds
from genbench.utils.files import load_arrays, load_json

SEED = seeds.derive_seed(0, "controls", DATASET)


@pytest.fixture(scope="module")
def controls(run):
    return run.metrics("controls")


def values(quality):
    return {key: estimate["value"] for key, estimate in quality["metrics"].items()}


def check(run, x, real, to_training, found):
    """Compare what was measured of images x with the definitions, in features of `real`."""
    fake, logits = features_and_logits(run, x)
    train = load_arrays(run.details("reference", "features.npz"))["train"]
    want = {
        "fid": by_hand.frechet_distance(real, fake),
        "coverage": by_hand.coverage(real, fake),
        "copying_z": by_hand.copying_z(train, to_training, fake),
        "classes_covered": len(np.unique(logits.argmax(1))),
    }
    for name, value in want.items():
        assert values(found)[name] == pytest.approx(value, rel=3e-3, abs=1e-3), name


def test_planted_images_are_half_of_the_test_images_against_the_other_half(run, controls):
    data = run.processed
    split = split_test_images(len(data["test_x"]), SEED)
    assert sorted([*split.generated, *split.real]) == list(range(N))
    unseen, labels = data["test_x"][split.generated], data["test_y"][split.generated]
    real = features_and_logits(run, data["test_x"][split.real])[0]
    planted = dict(planted_samples(unseen, labels, data["train_x"], SEED))
    assert controls["planted"].keys() == planted.keys() and len(planted) == 9
    for name, x in planted.items():
        quality = controls["planted"][name]
        check(run, x, real, real, quality)
        assert (quality["n_real"], quality["n_fake"]) == (N // 2, len(x)), name
        assert quality["protocol"]["n"] == N // 2 and "weights" not in quality["protocol"]
        assert [row["name"] for row in quality["classes"]] == list(CLASSES)


def test_classical_images_are_measured_as_a_model_is(run, controls):
    data, real = run.processed, load_arrays(run.details("reference", "features.npz"))
    samples = dict(classical_samples(data["train_x"], data["val_x"], N, SEED))
    assert controls["classical"].keys() == samples.keys()
    for name, x in samples.items():
        check(run, x, real["test_subset"], real["test"], controls["classical"][name])
        picture = np.asarray(Image.open(run.details("controls", f"{name}.png")))
        assert np.array_equal(by_hand.rows(picture, 8, 10).reshape(-1, 8, 8)[:N], x[:, 0])


def test_no_baseline_tells_one_half_of_the_test_images_from_the_other(run):
    rows = load_json(run.details("controls", "detection.json"))["detections"]
    assert {row["name"] for row in rows} == {"held_out"} and len(rows) == 4
    split, x = split_test_images(N, SEED), run.processed["test_x"]
    gray = np.abs(x.mean((1, 2, 3)) - run.processed["train_x"].mean())
    inside, outside = gray[split.real], gray[split.generated]
    auroc = (outside[:, None] > inside).mean()
    found = {row["score"]: row["auroc"]["value"] for row in rows}
    assert found["mean_pixel"] == pytest.approx(auroc, abs=1e-3)
    assert all(0.2 < value < 0.8 for value in found.values())
