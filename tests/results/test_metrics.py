"""The table of metrics is one: no key, label or note twice, and few headlines."""

import pytest

from genbench.anomaly.results import Decisions, Detection, Shift
from genbench.latent.results import EmbeddingMetrics
from genbench.results import curve_metrics, detail_metrics, latent_metrics, metrics

TABLES = {
    "samples": (*metrics.QUALITY, *metrics.SAMPLES),
    "latent": (*latent_metrics.LATENT, latent_metrics.KNN_ACCURACY),
    "factors": latent_metrics.FACTORS,
    "detection": (*detail_metrics.DETECTION, *detail_metrics.DECISIONS, *detail_metrics.SHIFT),
    "curves": curve_metrics.PARTS,
    "headlines": metrics.HEADLINES,
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_keys_and_labels_are_unique(table):
    assert len({metric.key for metric in table}) == len(table)
    assert len({metric.label for metric in table}) == len(table)


@pytest.mark.parametrize(
    "others", [{"defect_auroc"}, {"classes_covered", "label_accuracy", "knn_accuracy"}]
)
def test_there_are_at_most_14_headlines_of_classes_or_of_defects(others):
    """A dataset has either: defects are what is not of the one class that is trained on."""
    keys = {metric.key for metric in metrics.HEADLINES}
    assert others < keys and len(keys - others) <= 14
    assert all(metric.headline for metric in metrics.HEADLINES)


def test_a_metric_of_a_record_is_a_field_of_it():
    fields = {*Detection.model_fields, *Decisions.model_fields, *Shift.model_fields}
    assert {metric.key for metric in TABLES["detection"]} <= fields
    assert {m.key for m in latent_metrics.EMBEDDING} <= EmbeddingMetrics.model_fields.keys()


def test_a_curve_of_a_player_is_named_after_both_and_one_of_validation_after_its_part():
    loss = curve_metrics.curve_metric("generator", "loss")
    assert (loss.key, loss.label) == ("generator/loss", "generator loss")
    bound = curve_metrics.curve_metric("val", "negative_elbo")
    assert (bound.key, bound.label, bound.better) == ("val/negative_elbo", "negative ELBO", "lower")
    own = curve_metrics.curve_metric("val", "my_part")
    assert (own.key, own.label) == ("val/my_part", "my_part")
