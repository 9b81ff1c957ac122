"""Which way is better is said once, and the report marks the model that is better that way."""

import pytest

from genbench.report.tables import Row, make_table
from genbench.results import curve_metrics, detail_metrics, latent_metrics, metrics

LOWER = {
    *("fid", "fid_infinity", "kid", "duplicates", "negative_elbo", "fpr95"),
    *("path_length", "path_length_median", "importance_weighted", "marginal_kl", "mmd"),
    *("reconstruction", "bits_per_dim", "perceptual"),
    *("pixel_error", "feature_error", "cycle_error"),
}
HIGHER = {
    *("is", "precision", "recall", "density", "coverage", "classes_covered", "class_entropy"),
    *("label_accuracy", "corruption_auroc", "ood_auroc", "auroc", "aupr", "aupr_normal", "f1"),
    "defect_auroc",
    *("psnr", "ssim", "mutual_information", "arithmetic_accuracy", "knn_accuracy"),
    *("knn_accuracy_map", "silhouette", "trustworthiness", "stability"),
    *("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness"),
    *("factor_vae", "pixel_auroc"),
}
"""What is better of samples, detectors and latent spaces; of all others neither way."""
TABLES = (
    *(metrics.QUALITY, metrics.SAMPLES, metrics.HEADLINES),
    *(latent_metrics.LATENT, latent_metrics.EMBEDDING, latent_metrics.FACTORS),
    *((detail_metrics.PIXEL_AUROC,), detail_metrics.DETECTION),
    *(detail_metrics.DECISIONS, detail_metrics.SHIFT),
    *((detail_metrics.PARAMETERS, detail_metrics.FLOPS), curve_metrics.PARTS),
)
METRICS = list(dict.fromkeys(metric for table in TABLES for metric in table))
IN_FEATURES = {
    *("fid", "fid_infinity", "is", "kid", "precision", "recall", "density", "coverage"),
    "duplicates",
}
BELOW_CHANCE = {"auroc", "pixel_auroc", "corruption_auroc", "ood_auroc", "defect_auroc"}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: f"{metric.key}-{metric.label}")
def test_the_report_marks_the_better_of_two_models(metric):
    rows = [Row("low", {metric.key: 0.2}), Row("high", {metric.key: 0.7})]
    table = make_table([metric], rows, first="model")
    best = [row.row.name for row in table.rows if row.cells[0].best]
    expected = "low" if metric.key in LOWER else "high" if metric.key in HIGHER else None
    assert best == ([expected] if expected else [])
    reverse = [row.row.name for row in table.rows if row.cells[0].reversed]
    assert reverse == (["low"] if metric.key in BELOW_CHANCE else [])


def test_numbers_in_features_are_those_that_carry_the_extractor():
    samples = {m.key for m in (*metrics.QUALITY, *metrics.SAMPLES) if m.by_extractor}
    assert samples == IN_FEATURES
    assert {m.key for m in metrics.HEADLINES} == {
        *("fid", "kid", "precision", "recall", "coverage", "classes_covered", "label_accuracy"),
        *("copying_z", "negative_elbo", "path_length", "active_units", "knn_accuracy"),
        *("corruption_auroc", "ood_auroc", "defect_auroc"),
    }
