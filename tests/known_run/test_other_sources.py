"""The whole pipeline over images that are not in a few folders of classes."""

import json

import numpy as np
import pytest
import stages_alone
import yaml
from known import CHOICES, save

from genbench.utils import files

pytestmark = pytest.mark.slow
ALONE = {"seeds": [], "sweep": {"models": [], "beta": []}, "tracking": {"enabled": False}}
"""One training of each model, and no MLflow."""
CONDITIONAL = "it generates images of a given class, and the dataset has no classes"


def run_pipeline(root, choices, like=CHOICES, code=stages_alone.ROOT):
    """All stages in one folder, for images in `root`/mine or another dataset."""
    tree = yaml.safe_load((stages_alone.ROOT / "params.yaml").read_text())
    changes = like | {"datasets": ["mine"]} | ALONE | choices
    tree |= {k: tree[k] | v if isinstance(v, dict) else v for k, v in changes.items()}
    tree["data"]["mine"] = {"path": str(root / "mine"), "size": 8, "channels": 1, "ood": ["noise"]}
    folder = root / "run"
    folder.mkdir()
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    for name in stages_alone.CODE:
        stages_alone.link(folder / name, code / name)
    for stage in stages_alone.expand(stages_alone.load_pipeline(), tree):
        stages_alone.run_command(stage, folder, None)
    return folder


def spots(n, seed=0):
    """Images (N, 12, 12) uint8 of a bright spot at a random place."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 60, (n, 12, 12), dtype=np.uint8)
    for image, (i, j) in zip(x, random.integers(0, 8, (n, 2)), strict=True):
        image[i : i + 4, j : j + 4] += random.integers(100, 190, dtype=np.uint8)
    return x


def load(folder, *names):
    return json.loads(folder.joinpath(*names).read_text())


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory):
    root = tmp_path_factory.mktemp("unlabelled")
    save(root / "mine", spots(60))
    return run_pipeline(root, {"models": ["cgan", "dcgan", "res_vae"]})


def test_images_in_no_folder_are_one_class_and_measured_without_any(unlabelled):
    processed = files.load_arrays(unlabelled / "data" / "processed" / "mine.npz")
    assert processed["classes"].tolist() == ["all images"]
    summary = load(unlabelled, "data", "classifiers", "mine", "summary.json")
    assert "test_accuracy" not in summary
    rows = load(unlabelled, "metrics", "summary.json")["mine"]
    assert "classifier" not in rows
    for model in ("dcgan", "res_vae", "floor"):
        assert rows[model]["fid_contrastive"] > 0
        assert not any(key.startswith(("is_", "label", "class", "knn")) for key in rows[model])
    about = unlabelled / "metrics" / "details" / "evaluate" / "mine" / "dcgan" / "metrics.json"
    assert load(about)["classes"] == []
    scores = {
        d["score"]
        for d in load(unlabelled, "metrics/details/baselines/mine/metrics.json")["detections"]
    }
    assert scores == {"mean_pixel", "png_size"}


def test_a_conditional_model_is_a_row_that_says_why_it_is_not_trained(unlabelled):
    assert load(unlabelled, "metrics", "summary.json")["mine"]["cgan"] == {"failed_after_images": 0}
    page = (unlabelled / "reports" / "index.html").read_text()
    assert f"cgan not trained: {CONDITIONAL}" in page
    assert (unlabelled / "data" / "models" / "mine" / "cgan" / "failed.txt").read_text() == (
        f"{CONDITIONAL}\n"
    )


def test_the_report_says_that_there_are_no_classes(unlabelled):
    page = (unlabelled / "reports" / "index.html").read_text()
    assert "without classes" in page
    assert "all images" not in page and "1 classes" not in page


def test_a_hundred_classes_of_four_images_end_well(tmp_path):
    for k, images in enumerate(spots(400).reshape(100, 4, 12, 12)):
        save(tmp_path / "mine" / f"kind {k}", images)
    folder = run_pipeline(tmp_path, {"models": ["cgan"]})
    rows = load(folder, "metrics", "summary.json")["mine"]
    assert rows["cgan"]["fid_classifier"] > 0


def test_of_two_classes_one_may_be_held_out(tmp_path):
    for k, name in enumerate(("good", "defect")):
        save(tmp_path / "mine" / name, spots(60, seed=k))
    anomaly = CHOICES["anomaly"] | {"held_out_class": "defect"}
    folder = run_pipeline(tmp_path, {"models": ["res_vae"], "anomaly": anomaly})
    rows = load(folder, "metrics", "summary.json")["mine"]
    assert rows["res_vae"]["fid_contrastive"] > 0 and 0 < rows["res_vae"]["ood_auroc"] < 1
