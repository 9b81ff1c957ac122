from dataclasses import replace

import fabricated
import pytest

from genbench.reporting import findings, summary


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folders = fabricated.tree(tmp_path_factory.mktemp("results"))
    return summary.collect(fabricated.params(), *folders)[0]


def changed(study, **values):
    """The study with one model, whose quality numbers are changed."""
    r = study.results[3]
    return replace(study, results=[replace(r, evaluate={**r.evaluate, **values})])


def scored(study, auroc):
    """The study with one model, whose main score has this AUROC against noise."""
    r = study.results[3]
    return replace(study, results=[replace(r, ood={"noise": {r.main_score: {"auroc": auroc}}})])


def test_the_distance_from_the_floor_is_a_ratio(study):
    text = " ".join(findings.ranking(changed(study, fid_classifier=12.4), seed=0))
    assert "12.4, 4.00 times the floor of 3.10" in text


@pytest.mark.parametrize("fid, at_floor", [(2.0, True), (3.4, True), (3.5, False)])
def test_a_distance_near_the_floor_is_said_to_tell_no_more(study, fid, at_floor):
    text = " ".join(findings.ranking(changed(study, fid_classifier=fid), seed=0))
    assert ("no longer tells" in text) == at_floor


def test_missing_classes_are_counted(study):
    few = changed(study, classes_covered=1)
    assert "vae (2 of 3)" in " ".join(findings.ranking(few, seed=0))
    all_of_them = changed(study, classes_covered=3)
    assert "all 3 classes" in " ".join(findings.ranking(all_of_them, seed=0))


def test_a_second_metric_that_disagrees_is_named(study):
    assert "KID disagrees" not in " ".join(findings.ranking(study, seed=0))
    gan = study.results[0]
    better = replace(gan, evaluate={**gan.evaluate, "kid_classifier": -0.01})
    text = " ".join(findings.ranking(replace(study, results=[better, *study.results[1:]]), seed=0))
    assert "KID disagrees about the first place: it prefers gan." in text


def test_a_weak_classifier_and_a_single_seed_are_admitted(study):
    weak = replace(study, classifier={"test_accuracy": 0.61})
    assert "right on only 61.0%" in " ".join(findings.ranking(weak, seed=7))
    assert "seed 7" in findings.ranking(study, seed=7)[-1]


@pytest.mark.parametrize(
    "auroc, words",
    [
        (0.31, "reversed here (AUROC 0.310)"),
        (0.49, "though it is near guessing"),
        (0.52, "hardly better than guessing"),
        (0.97, "best: AUROC 0.970"),
    ],
)
def test_a_detector_is_called_what_it_is(study, auroc, words):
    text = " ".join(findings.detection(scored(study, auroc), "noise", "noise"))
    assert words in text
    assert ("reversed" in text) == (auroc < 0.5)
    assert ("best" in text) == (auroc > 0.5)


def test_false_alarms_are_those_of_the_test_images(study):
    (line,) = findings.false_alarms(study, 0.95)
    assert "about 5.0% of the test images" in line and "vae 5.0%" in line


def test_the_hardest_corruption_is_the_one_whose_best_detector_is_worst(study):
    (line,) = findings.hardest_corruption(study)
    assert line == "Hardest to find: blur (AUROC 0.450 at best, by wgan)."


def test_models_that_are_equally_good_are_named_together(study):
    text = findings.detection(study, "anomaly", "damage")[0]
    assert text.startswith(
        "dcgan's discriminator, wgan's discriminator and vae's negative elbo tell"
    )


def test_the_sweep_names_its_best_and_its_worst_point(study):
    (line,) = findings.sweep(study.sweep)
    assert "lowest FID 21.0 at latent_dim 16, width 16 (16,000 parameters)" in line
    assert "highest 79.6 at latent_dim 4, width 32" in line


@pytest.mark.parametrize(
    "words, text", [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_in_a_sentence(words, text):
    assert findings.listed(words) == text
