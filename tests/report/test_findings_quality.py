"""What is said of a ranking follows from its numbers, and is left out where a control denies it."""

from dataclasses import replace
from pathlib import Path

import fabricated
import pytest
import variants
from variants import only, sure, with_fids, with_metrics, with_reference

from genbench import params
from genbench.report.findings import quality

SHIPPED = Path(__file__).parents[2] / "params.yaml"
BEST_FIRST = {"vae": 1.0, "wgan": 8.0, "dcgan": 9.0, "gan": 20.0}


def ranking_text(results, **choices):
    return " ".join(quality.ranking_findings(results, fabricated.params(**choices)))


@pytest.mark.parametrize(
    "error, sentence",
    [
        (0.1, None),
        (1.0, "Not told apart by FID: wgan from dcgan."),
        (4.0, "vae from dcgan, wgan from dcgan, wgan from gan and dcgan from gan."),
    ],
)
def test_models_that_are_not_told_apart_are_named_in_pairs(results, error, sentence):
    text = ranking_text(with_fids(results, **{m: (v, error) for m, v in BEST_FIRST.items()}))
    assert sentence in text if sentence else "Not told apart" not in text


@pytest.mark.parametrize("error, is_sure", [(0.1, True), (3.0, False)])
def test_a_model_has_the_highest_distance_only_if_it_is_told_from_the_next(results, error, is_sure):
    text = ranking_text(with_fids(results, vae=(1.0, 0.1), dcgan=(9.0, error), gan=(12.0, error)))
    assert ("gan has the highest FID, 12.0." in text) == is_sure


def test_models_under_another_protocol_are_ranked_apart(results):
    best = results.ranked()[0]
    protocol = best.protocol.model_copy(update={"weights": "raw"})
    other = replace(best, quality=best.quality.model_copy(update={"protocol": protocol}))
    rest = [result for result in results.models if result is not best]
    found = replace(results, models=[*rest, other])
    assert [len(group) for group in found.by_protocol()] in ([1, 3], [3, 1])
    assert "measured under another protocol" in ranking_text(found)


@pytest.mark.parametrize("second, same", [((7.0, 8.0), True), ((9.0, 8.0), False)])
def test_whether_the_ranking_is_the_same_in_other_samples_is_said(results, second, same):
    found = with_fids(results, gan=(5, 0.5), dcgan=(9, 0.5))
    fids = {"gan": [5.0, second[0]], "dcgan": [9.0, second[1]]}
    models = [
        replace(r, quality=r.quality.model_copy(update={"sample_sets": {"fid": fids[r.model]}}))
        for r in found.models
    ]
    text = ranking_text(replace(found, models=models))
    assert ("All 2 samples of each model give this order." in text) == same
    assert ("do not agree on the order of gan and dcgan" in text) != same


def test_the_distance_from_the_floor_is_a_ratio(results):
    assert "12.4, 4.00 times the floor of 3.10" in ranking_text(only(results, fid=12.4))


@pytest.mark.parametrize("fid, at_floor", [(2.0, True), (3.4, True), (3.5, False)])
def test_a_distance_near_the_floor_is_said_to_tell_no_more(results, fid, at_floor):
    assert ("no longer tells" in ranking_text(only(results, fid=fid))) == at_floor


def test_missing_classes_are_counted(results):
    assert "vae (2 of 3)" in ranking_text(only(results, classes_covered=1))
    assert "all 3 classes" in ranking_text(only(results, classes_covered=3))


@pytest.mark.parametrize(
    "kid, floor, disagrees",
    [(sure(-0.01, 1e-4), -0.001, True), (sure(-0.01, 0.1), -0.001, False), (-0.01, -0.001, False)],
)
def test_a_second_metric_that_surely_disagrees_is_named(results, kid, floor, disagrees):
    assert "KID disagrees" not in ranking_text(results)
    better = with_metrics(results.models[0], kid=kid)
    found = replace(results, models=[better, *results.models[1:]])
    sentence = "KID disagrees about the best model: it prefers gan."
    assert (sentence in ranking_text(found)) == disagrees
    gray = with_reference(found, kid=(0.5, 0.5))
    assert "KID" not in ranking_text(gray).replace("FID, IS and KID", "")


def test_a_weak_classifier_and_a_single_seed_are_admitted(results):
    classifier = results.classifier.model_copy(update={"test_accuracy": 0.61})
    weak = replace(results, classifier=classifier)
    assert "has only 61.0% accuracy" in ranking_text(weak)
    assert "seed 7" in quality.ranking_findings(results, fabricated.params(seed=7))[-1]


def test_a_warning_stands_in_the_findings(results):
    (line,) = fabricated.ALARMS["gan"]
    assert f"Warning in the training of gan: {line}." in ranking_text(results)


OF_FID = ("has the lowest FID", "has the highest FID", "Not told apart", "mixture of Gaussians")
OF_TIES = ("has the highest FID", "Not told apart", "mixture of Gaussians", "KID disagrees")
SENTENCES = {
    "ranking": OF_FID,
    "ties": OF_TIES,
    "classes": ("Classes are missing",),
    "copying": ("copies of training images, more", "copies them", "mixture of Gaussians"),
}


@pytest.fixture(scope="module")
def speaking(results):
    """Results in which every verdict has something to say."""
    fids = {"vae": (7.5, 0.3), "wgan": (7.6, 0.3), "dcgan": (12, 0.1), "gan": (30, 0.1)}
    found = with_fids(results, **fids)
    gan = with_metrics(found.models[0], fid=sure(30, 0.1), kid=sure(-0.02, 1e-4))
    return replace(found, models=[gan, *found.models[1:]])


@pytest.mark.parametrize("verdict", SENTENCES)
def test_a_verdict_that_its_control_contradicts_is_not_printed(speaking, verdict):
    assert all(words in ranking_text(speaking) for words in SENTENCES[verdict])
    lines = quality.ranking_findings(variants.CONTRADICTED[verdict](speaking), fabricated.params())
    (denial,) = (line for line in lines if "its control contradicts it" in line)
    assert denial.startswith(f"No verdict on {verdict}, as its control contradicts it. ")
    lines.remove(denial)
    assert not [words for words in SENTENCES[verdict] if words in " ".join(lines)]


def test_a_contradicted_verdict_takes_no_other_with_it(speaking):
    text = ranking_text(variants.CONTRADICTED["copying"](speaking))
    assert all(words in text for words in ("lowest FID", "highest FID", "Classes are missing"))
    text = ranking_text(variants.CONTRADICTED["ties"](speaking))
    assert all(words in text for words in ("lowest FID", "copies of training", "Classes are miss"))


def test_where_noise_is_as_good_no_sentence_is_about_the_distance(speaking):
    lines = quality.ranking_findings(with_reference(speaking, fid=(3.1, 3.2)), fabricated.params())
    (line,) = (line for line in lines if "No ranking by FID" in line)
    assert line == ("No ranking by FID. It means nothing here: noise has 3.200, real images 3.100.")
    assert not [words for words in OF_FID if words in " ".join(lines)]
    assert "Classes are missing" in " ".join(lines)


@pytest.mark.parametrize(
    "change, places",
    [
        (lambda results: results, True),
        (variants.CONTRADICTED["copying"], True),
        (variants.CONTRADICTED["ties"], False),
        (variants.CONTRADICTED["ranking"], False),
        (lambda results: with_reference(results, fid=(3.1, 3.2)), False),
    ],
)
def test_models_have_places_only_where_the_distance_ranks_them(results, change, places):
    assert quality.has_places(change(results)) == places


def test_of_one_class_there_is_no_verdict_on_classes(speaking):
    one = variants.with_controls(speaking, "planted", without_class=None)
    assert "lasses" not in ranking_text(one)


@pytest.mark.parametrize(
    "perceptual, extractor, flattered",
    [(0.5, "classifier", True), (0.0, "classifier", False), (0.5, "inception", False)],
)
def test_a_model_that_is_trained_on_its_judge_is_named(results, perceptual, extractor, flattered):
    zoo = {"vae": {"perceptual": perceptual, "lr": 1.0}}
    vae = results.models[3]
    protocol = vae.protocol.model_copy(update={"extractor": extractor})
    vae = replace(vae, quality=vae.quality.model_copy(update={"protocol": protocol}))
    text = ranking_text(replace(results, models=[*results.models[:3], vae]), zoo=zoo)
    sentence = (
        "vae is trained on the features that judge it (zoo.vae.perceptual): its numbers in them"
        " flatter it."
    )
    assert (sentence in text) == flattered and "wgan is trained" not in text


def test_the_shipped_choices_tell_which_model_is_trained_on_its_judge(results):
    shipped = params.load(SHIPPED)
    assert shipped.zoo["res_vae"]["perceptual"] == 0
    zoo = shipped.zoo | {"res_vae": shipped.zoo["res_vae"] | {"perceptual": 1.0}}
    res_vae = replace(results.models[3], model="res_vae")
    assert quality.trained_on_its_judge(res_vae, shipped.model_copy(update={"zoo": zoo}))
    assert not quality.trained_on_its_judge(res_vae, shipped)
