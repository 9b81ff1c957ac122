from dataclasses import replace

import fabricated
import pytest

from genbench.anomaly.results import DetectionResults
from genbench.results.run import collect
from genbench.results.summary import headlines, summarize, validation_metric

MAX_HEADLINES = 14


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return fabricated.tree(tmp_path_factory.mktemp("results"))


def summary(folders, **changes):
    return summarize(collect(fabricated.params(**changes), *folders))


def test_the_summary_has_what_the_params_name_whatever_else_lies_there(folders):
    rows = summary(folders, datasets=["digits"], models=["vae", "gan"])
    points = {f"sweep-vae-{latent_dim}-{width}" for latent_dim in (4, 16) for width in (16, 32)}
    points |= {"sweep-beta_vae-0.5", "sweep-beta_vae-4"}
    assert rows.keys() == {"digits"}
    others = {"classifier", "floor", "ceiling"}
    others |= {f"classical-{name}" for name in ("gaussian", "gmm", "kde", "mean")}
    assert rows["digits"].keys() == {"vae", "gan"} | others | points


def test_the_summary_is_dataset_model_metric_and_every_leaf_a_number(folders):
    for models in summary(folders).values():
        for metrics in models.values():
            assert metrics and all(isinstance(v, int | float) for v in metrics.values())


def test_a_row_of_the_summary_has_at_most_14_numbers(folders):
    for models in summary(folders).values():
        assert max(map(len, models.values())) <= MAX_HEADLINES


def test_numbers_of_the_main_score_stand_for_the_model(folders):
    vae = collect(fabricated.params(), *folders)[0].models[3]
    detection = vae.detection
    assert detection.main_score == "negative_elbo"
    assert len(detection.by_score("corruptions")) == 2
    numbers = headlines(vae)
    auroc = detection.main("corruptions", "all").auroc.value
    assert numbers["corruption_auroc"] == auroc
    ood = [detection.main("ood", name).auroc.value for name in (fabricated.OOD, "noise")]
    assert numbers["ood_auroc"] == pytest.approx(sum(ood) / 2)


def test_only_a_model_with_an_encoder_has_knn_accuracy_and_a_bound(folders):
    rows = summary(folders)["digits"]
    own = {"knn_accuracy", "negative_elbo", "active_units"}
    assert own <= rows["vae"].keys()
    assert not own & rows["gan"].keys()


def test_a_number_in_features_says_whose(folders):
    for row in summary(folders)["digits"].values():
        assert not {"fid", "kid", "precision", "recall"} & row.keys()
    assert "fid_classifier" in summary(folders)["digits"]["sweep-vae-4-16"]


def test_classical_generators_have_the_headlines_of_their_own_images(folders):
    (results, _) = collect(fabricated.params(), *folders)
    rows = summarize([results])["digits"]
    in_features = {"fid", "kid", "precision", "recall", "coverage"}
    for name, quality in results.controls.classical.items():
        names = {key: f"{key}_classifier" for key in in_features}
        names |= {key: key for key in ("classes_covered", "copying_z")}
        want = {new: quality.metrics[key].value for key, new in names.items()}
        assert rows[f"classical-{name}"] == want


def test_a_model_without_scores_has_no_detection_numbers(tmp_path):
    data, details = fabricated.tree(tmp_path)
    DetectionResults(detections=[]).save(details / "anomaly" / "digits" / "gan" / "metrics.json")
    row = summary((data, details))["digits"]["gan"]
    assert not [key for key in row if key.endswith("auroc")]


def test_a_sweep_point_that_was_not_measured_has_the_images_of_its_training_alone(tmp_path):
    data, details = fabricated.tree(tmp_path)
    (details / "sweep" / "digits" / "vae-4-16-0.json").unlink()
    assert summary((data, details))["digits"]["sweep-vae-4-16-0"] == {"failed_after_images": 1000}


def test_accuracy_is_the_test_accuracy_and_the_ood_headline_a_mean(folders):
    results = collect(fabricated.params(), *folders)
    for each in results:
        classifier = {"test_accuracy": each.classifier.test_accuracy}
        assert summarize([each])[each.dataset]["classifier"] == classifier
        assert each.classifier.test_accuracy != each.classifier.val_accuracy
    vae = results[0].models[3]
    rows = vae.detection.detections
    kept = [
        d.model_copy(update={"auroc": d.auroc.model_copy(update={"value": 0.3 + i / 50})})
        for i, d in enumerate(rows)
    ]
    changed = replace(vae, detection=vae.detection.model_copy(update={"detections": kept}))
    main = [d.auroc.value for d in kept if (d.kind, d.score) == ("ood", "negative_elbo")]
    assert len(set(main)) == 2
    assert headlines(changed)["ood_auroc"] == pytest.approx(sum(main) / 2)


@pytest.mark.parametrize(
    "part", ["negative_elbo", "jensen_shannon", "earth_movers_distance", "loss"]
)
def test_points_are_compared_by_what_has_no_weights_of_its_own(part):
    final = {"val/loss": 1, f"val/{part}": 2, "model/negative_elbo": 3}
    assert validation_metric(final) == f"val/{part}"
    assert validation_metric({"model/loss": 1}) is None
