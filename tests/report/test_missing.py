"""What is not there leaves a sentence that says why, and the rest of the report as it is."""

import fabricated
import pytest
from page import Page

from genbench.anomaly.results import DetectionResults, load_scores, save_scores
from genbench.latent.results import EmbeddingMetrics, Embeddings, load_embeddings, save_embeddings
from genbench.report.page import save_report
from genbench.results.run import collect
from genbench.results.summary import summarize
from genbench.utils.files import save_json

DIGITS = {"datasets": ["digits"]}


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
