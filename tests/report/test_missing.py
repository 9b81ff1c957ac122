"""What is not there leaves a sentence that says why, and the rest of the report as it is."""

import shutil
from pathlib import Path

import fabricated
import measured
import pytest
from page import Page

from genbench.anomaly.results import DetectionResults, load_scores, save_scores
from genbench.latent.results import EmbeddingMetrics, Embeddings, load_embeddings, save_embeddings
from genbench.report.page import save_report
from genbench.results.run import collect
from genbench.results.summary import summarize
from genbench.utils.files import save_json

DIGITS = {"datasets": ["digits"]}

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def folders(tmp_path):
    return fabricated.tree(tmp_path, datasets=["digits"])


def report(folders, **changes):
    """The text of the report, and the summary."""
    data, details = folders
    choices = fabricated.params(**DIGITS, **changes)
    results = collect(choices, data, details)
    save_report(choices, results, data.parent / "reports")
    summary = summarize(results)
    save_json(data.parent / "summary.json", summary)
    return Page(data.parent / "reports" / "index.html").text, summary["digits"]


def test_codes_and_features_without_an_embedding_have_a_sentence(folders):
    folder = folders[1] / "tsne" / "digits"
    equal = EmbeddingMetrics(n=60, missing="all 60 are equal")
    shares = Embeddings.load(folder / "metrics.json").real_neighbors
    Embeddings(codes={"vae": equal}, features=equal, real_neighbors=shares).save(
        folder / "metrics.json"
    )
    save_embeddings(folder / "embeddings.npz", [])
    text, summary = report(folders)
    assert "No embedding of the codes of vae: all 60 are equal." in text
    assert "No embedding of the features: all 60 are equal." in text
    assert "knn_accuracy" not in summary["vae"]


def test_one_embedding_is_shown_where_the_other_is_missing(folders):
    folder = folders[1] / "tsne" / "digits"
    record = Embeddings.load(folder / "metrics.json")
    equal = EmbeddingMetrics(n=60, missing="all 60 are equal")
    record.model_copy(update={"codes": {"vae": equal}}).save(folder / "metrics.json")
    save_embeddings(folder / "embeddings.npz", load_embeddings(folder / "embeddings.npz")[1:])
    text, _ = report(folders)
    assert "all 60 are equal" in text and "of the neighbors are real" in text


def test_classes_without_structure_have_no_number_of_it(folders):
    path = folders[1] / "tsne" / "digits" / "metrics.json"
    record = Embeddings.load(path)
    codes = record.codes["vae"].model_copy(update={"silhouette": None, "silhouette_map": None})
    record.model_copy(update={"codes": {"vae": codes}}).save(path)
    text, _ = report(folders)
    assert "silhouette 0" not in text and "kNN accuracy 0.93" in text


def without_corruptions(folder):
    """Scores and detections of other datasets alone."""
    sets = [part for part in load_scores(folder / "scores.npz") if part.kind != "corruption"]
    save_scores(folder / "scores.npz", sets)
    record = DetectionResults.load(folder / "metrics.json")
    rows = [row for row in record.detections if row.kind == "ood"]
    record.model_copy(update={"detections": rows}).save(folder / "metrics.json")


def test_without_corruptions_other_datasets_are_still_detected(folders):
    details = folders[1]
    for folder in (details / "baselines" / "digits", *(details / "anomaly" / "digits").iterdir()):
        without_corruptions(folder)
    nothing = {"noise": None, "blur": None}
    anomaly = fabricated.TREE["anomaly"] | {"corruptions": nothing}
    text, summary = report(folders, anomaly=anomaly)
    assert "every one of anomaly.corruptions is null" in text
    assert f"digits against {fabricated.OOD}" in text
    assert "ood_auroc" in summary["vae"] and "corruption_auroc" not in summary["vae"]


def test_a_model_without_interpolations_says_why(folders):
    for path in (folders[1] / "latent" / "digits" / "gan").glob("interpolation_*.png"):
        path.unlink()
    text, _ = report(folders)
    assert text.count("No interpolations: no two of the images are of one class") == 1


def test_a_model_that_diverged_is_a_row_with_its_reason_and_the_others_are_reported(folders):
    fabricated.diverge(*folders, "digits", "wgan", reason="critic/loss not finite")
    tsne = folders[1] / "tsne" / "digits" / "metrics.json"
    measured.embeddings(["gan", "dcgan", "vae"]).save(tsne)
    text, summary = report(folders)
    said = "failed after 3,000 images: critic/loss not finite"
    assert text.count(f"wgan {said}") == 3  # a finding, a row, a warning at the curves
    assert summary["wgan"] == {"failed_after_images": 3000}
    assert "vae has the lowest FID" in text and "fid_classifier" in summary["gan"]
    assert "of the neighbors are real" in text
    figures = folders[0].parent / "reports" / "figures" / "digits" / "wgan"
    assert {path.name for path in figures.iterdir()} >= {"loss.svg"}
    assert not (figures / "nearest.png").exists()


def test_results_of_an_earlier_run_are_not_shown_of_a_training_that_was_killed(folders):
    fabricated.kill(*folders, "digits", "vae")
    text, summary = report(folders)
    assert "vae failed after 0 images: the training did not finish" in text
    assert summary["vae"] == {"failed_after_images": 0}
    assert "No embeddings" in text and "of the neighbors are real" not in text
    assert "wgan has the lowest FID" in text


@pytest.mark.parametrize("stage", ["evaluate", "sample"])
def test_a_model_that_was_not_measured_says_which_stage_did_not_finish(folders, stage):
    data, details = folders
    root = data / "samples" if stage == "sample" else details / stage
    shutil.rmtree(root / "digits" / "gan")
    text, summary = report(folders)
    assert f"gan failed after 60,000 images: the stage {stage} did not finish" in text
    assert summary["gan"] == {"failed_after_images": 60000}


@pytest.mark.parametrize("stage", ["anomaly", "latent"])
def test_a_model_without_a_stage_that_only_describes_is_ranked_all_the_same(folders, stage):
    shutil.rmtree(folders[1] / stage / "digits" / "vae")
    text, summary = report(folders)
    assert "vae has the lowest FID" in text
    assert text.count(f"the stage {stage} did not finish") == 1
    assert "fid_classifier" in summary["vae"]


def test_without_baselines_and_embeddings_the_models_are_reported(folders):
    shutil.rmtree(folders[1] / "baselines")
    shutil.rmtree(folders[1] / "tsne")
    text, summary = report(folders)
    assert "vae has the lowest FID" in text and "No embeddings" in text
    assert "knn_accuracy" not in summary["vae"]


def test_a_report_without_any_model_says_what_became_of_each(folders):
    for model in fabricated.MODELS:
        fabricated.diverge(*folders, "digits", model)
    text, summary = report(folders)
    assert "No model was measured." in text
    for model in fabricated.MODELS:
        assert f"{model} failed after 3,000 images: model/loss not finite" in text
        assert summary[model] == {"failed_after_images": 3000}


@pytest.mark.parametrize("name", ["vae-4-16-0", "beta_vae-4-0"])
def test_a_point_of_a_sweep_that_diverged_is_a_line_of_its_chapter(folders, name):
    fabricated.diverge(*folders, "digits", name, images=1000)
    text, summary = report(folders)
    assert f"{name} failed after 1,000 images: model/loss not finite" in text
    assert summary[f"sweep-{name}"] == {"failed_after_images": 1000}


def test_a_sweep_without_any_result_says_what_became_of_its_points(folders):
    for path in (folders[1] / "sweep" / "digits").iterdir():
        fabricated.diverge(*folders, "digits", path.stem, images=1000)
    text, _ = report(folders)
    assert text.count("failed after 1,000 images: model/loss not finite") == 6


def test_the_images_of_a_killed_training_are_those_of_its_last_checkpoint(folders, monkeypatch):
    monkeypatch.chdir(folders[0].parent)
    notes = {"digits-vae-0123456789abcdef": 12000, "digits-vae-4-16-0-0123456789abcdef": 500}
    for name, images in notes.items():
        save_json(Path(f".genbench/checkpoints/{name}.json"), {"images": images})
    fabricated.kill(*folders, "digits", "vae")
    text, summary = report(folders)
    assert "vae failed after 12,000 images: the training did not finish" in text


@pytest.mark.parametrize("folder", ["data/classifiers", "metrics/details/reference"])
def test_a_dataset_without_a_stage_that_all_others_need_says_so_beside_the_others(tmp_path, folder):
    data, details = fabricated.tree(tmp_path)
    shutil.rmtree(tmp_path / folder / "digits")
    choices = fabricated.params()
    results = collect(choices, data, details)
    save_report(choices, results, tmp_path / "reports")
    text = Page(tmp_path / "reports" / "index.html").text
    assert text.count("Nothing to report: one of its stages") == 1
    assert "vae has the lowest FID" in text
    assert summarize(results).keys() == {"Käfer"}
