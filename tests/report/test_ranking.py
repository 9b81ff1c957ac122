"""The rows of the ranking: references and classical generators in order, places, remarks."""

from dataclasses import replace

import fabricated
import pytest
import variants
from variants import with_fids, with_reference

from genbench.report.chapters.ranking import ranking_chapter
from genbench.results.places import places


class NoPictures:
    """A gallery that draws nothing."""

    def chart(self, *data, **words):
        return None


def ranking(results, **choices):
    """The one table of models."""
    chapter = ranking_chapter(results, fabricated.params(**choices), NoPictures())
    ((_, table),) = chapter["rankings"]
    return table


def with_bounds(results, **kinds):
    """The results of models with an equal negative ELBO, each of a kind of likelihood."""
    models = []
    for model in results.models:
        kind, value = kinds.get(model.model, (None, None))
        summary = model.training.summary.model_copy(update={"likelihood": kind})
        bound = {} if kind is None else {"negative_elbo": variants.sure(value, 0.1)}
        trained = replace(model, training=replace(model.training, summary=summary))
        models.append(variants.with_metrics(trained, **bound))
    return replace(results, models=models)


def test_bounds_of_two_kinds_of_likelihood_stand_in_two_columns_each_with_its_best(results):
    kinds = {"vae": ("density", -50.0), "gan": ("discrete", 90.0), "wgan": ("discrete", 80.0)}
    chapter = ranking_chapter(with_bounds(results, **kinds), fabricated.params(), NoPictures())
    table = chapter["others"]
    best = {}
    for i, metric in enumerate(table.metrics):
        if metric.key.startswith("negative_elbo"):
            best[metric.label] = [line.row.name for line in table.rows if line.cells[i].best]
    assert best == {"negative ELBO (density)": [], "negative ELBO (discrete)": ["wgan"]}
    one = {model: ("density", value) for model, (_, value) in kinds.items()}
    chapter = ranking_chapter(with_bounds(results, **one), fabricated.params(), NoPictures())
    labels = [metric.label for metric in chapter["others"].metrics]
    assert labels.count("negative ELBO") == 1


def test_classical_generators_stand_by_distance_between_real_images_and_noise(results):
    references = [line.row for line in ranking(results).references]
    assert [(row.name, row.detail) for row in references] == [
        ("real-data reference (floor)", ""),
        ("kernel density", "classical"),
        ("mixture of Gaussians", "classical"),
        ("Gaussian", "classical"),
        ("mean image", "classical"),
        ("noise reference (ceiling)", ""),
    ]


def test_references_are_those_of_the_same_extractor_only(results):
    models = [
        replace(
            model,
            quality=model.quality.model_copy(
                update={"protocol": model.protocol.model_copy(update={"extractor": "inception"})}
            ),
        )
        for model in results.models
    ]
    table = ranking(with_reference(replace(results, models=models), kid=(1.0, 1.0)))
    assert table.references == [] and not any(metric.caveat for metric in table.metrics)


def test_models_stand_best_first_with_their_places(results):
    found = with_fids(results, vae=(1, 0.1), wgan=(8, 1), dcgan=(9, 1), gan=(20, 1))
    rows = [line.row for line in ranking(found).rows]
    assert [(row.rank, row.name) for row in rows] == [
        ("1", "vae"),
        ("2–3", "wgan"),
        ("2–3", "dcgan"),
        ("4", "gan"),
    ]
    assert [row.rank for row in rows] == [str(p) for p in places(found.ranked())]


@pytest.mark.parametrize("verdict", ["ties", "ranking"])
def test_contradicted_places_are_not_shown(results, verdict):
    rows = [line.row for line in ranking(variants.CONTRADICTED[verdict](results)).rows]
    assert [(row.rank, row.name) for row in rows] == [
        ("", m) for m in ("vae", "wgan", "dcgan", "gan")
    ]


def test_a_column_that_means_nothing_is_gray_and_has_no_best(results):
    table = ranking(results)
    gray = {metric.key for metric in table.metrics if metric.caveat}
    assert gray == {"precision"}  # noise is as precise as real images
    found = with_reference(results, fid=(3.1, 3.2))
    table = ranking(found)
    best = {
        metric.key: [line.cells[i].best for line in table.rows]
        for i, metric in enumerate(table.metrics)
    }
    assert not any(best["fid"]) and best["kid"] == [True, False, False, False]
    assert [line.row.rank for line in table.rows] == [""] * 4


def test_a_model_that_is_trained_on_its_judge_has_a_remark(results):
    details = {
        line.row.name: line.row.detail
        for line in ranking(results, zoo={"wgan": {"perceptual": 0.1}}).rows
    }
    assert details == {"vae": "", "wgan": "trained on these features", "dcgan": "", "gan": ""}
