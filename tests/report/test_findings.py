from dataclasses import replace

import fabricated
import pytest

from genbench.report import latent, results
from genbench.report.findings import anomaly, quality


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folders = fabricated.tree(tmp_path_factory.mktemp("results"))
    return results.collect(fabricated.params(), *folders)[0]


def changed(study, **values):
    """The study with one model, whose quality numbers are changed."""
    r = study.results[3]
    return replace(study, results=[replace(r, evaluate={**r.evaluate, **values})])


def with_fids(study, **ends):
    """The study with these models only, each with (low, value, high) of its FID."""
    kept = [r for r in study.results if r.model in ends]
    of = {
        r.model: r.evaluate["intervals"] | {"fid_classifier": list(ends[r.model][::2])}
        for r in kept
    }
    values = {m: {"fid_classifier": v[1], "intervals": of[m]} for m, v in ends.items()}
    kept = [replace(r, evaluate={**r.evaluate, **values[r.model]}) for r in kept]
    return replace(study, results=kept)


def against(study, name, n, trivial=0.6):
    """The study with its VAE alone, one score against noise, and a trivial one."""
    (vae,) = (r for r in study.results if r.model == "vae")
    numbers = {"auroc": 0.9, "auroc_low": 0.88, "auroc_high": 0.92, "mean_in": 1.0, "mean_out": 2.0}
    of = {"auroc": trivial, "auroc_low": trivial - 0.02, "auroc_high": trivial + 0.02}
    vae = replace(vae, ood={"noise": {name: numbers | n}})
    return replace(study, results=[vae], baselines={"ood": {"noise": {"png_size": of}}})


@pytest.mark.parametrize(
    "effect, p, words",
    [
        (1.2, 1e-9, "worse (2.00 against 1.00, effect 1.20), as is often said"),
        (0.1, 1e-9, "but hardly so"),
        (-0.5, 1e-9, "better than test images (2.00 against 1.00, effect -0.50): the claim fails"),
        (0.1, 0.3, "neither better nor worse"),
    ],
)
def test_the_classic_claim_is_put_to_the_test(study, effect, p, words):
    found = against(study, "reconstruction_error", {"effect": effect, "p": p})
    assert words in anomaly.claim(found, "noise")[0]


@pytest.mark.parametrize(
    "trivial, words", [(0.6, "above the best trivial one"), (0.89, "no better than the trivial")]
)
def test_the_best_score_is_held_against_the_trivial_ones(study, trivial, words):
    (line,) = anomaly.worth(against(study, "kl", {}, trivial), "noise")
    assert "vae's kl (AUROC 0.900)" in line and words in line and "png size" in line


def test_models_whose_intervals_overlap_share_a_place(study):
    ends = {"gan": (8, 9, 10), "dcgan": (1, 2, 3), "wgan": (9.9, 12, 14), "vae": (11, 13, 15)}
    found = with_fids(study, **ends)
    ranked = found.ranked()
    assert [r.model for r in ranked] == ["dcgan", "gan", "wgan", "vae"]
    # vae overlaps with wgan, but not with the first of the place
    assert results.tied_ranks(ranked) == ["1", "2=", "2=", "4"]
    text = " ".join(quality.ranking(found, seed=0))
    assert "gan and wgan are tied" in text and "dcgan and" not in text


def test_models_under_another_protocol_are_ranked_apart(study):
    worst = study.ranked()[0]
    other = {**worst.evaluate, "protocol": worst.protocol | {"weights": "raw"}}
    rest = [r for r in study.results if r is not worst]
    found = replace(study, results=[*rest, replace(worst, evaluate=other)])
    assert [len(group) for group in found.groups()] in ([1, 3], [3, 1])
    assert "measured under another protocol" in " ".join(quality.ranking(found, seed=0))


@pytest.mark.parametrize("second, held", [((7.0, 8.0), True), ((9.0, 8.0), False)])
def test_whether_the_ranking_holds_in_other_samples_is_said(study, second, held):
    found = with_fids(study, gan=(4, 5, 6), dcgan=(8, 9, 10))
    fids = {"gan": [5.0, second[0]], "dcgan": [9.0, second[1]]}
    more = [
        replace(r, evaluate=r.evaluate | {"over_seeds": {"fid_classifier": fids[r.model]}})
        for r in found.results
    ]
    text = " ".join(quality.ranking(replace(found, results=more), seed=0))
    assert ("All 2 samples of each model give this order." in text) == held
    assert ("do not agree on the order of gan and dcgan" in text) != held


def test_images_that_are_nearer_to_training_images_are_named(study):
    assert "perhaps copied" not in " ".join(quality.ranking(study, seed=0))
    text = " ".join(quality.ranking(changed(study, nearest_ratio_classifier=0.3), seed=0))
    assert "perhaps copied: vae (0.30)" in text


def scored(study, auroc):
    """The study with one model, whose main score has this AUROC against noise."""
    r = study.results[3]
    return replace(study, results=[replace(r, ood={"noise": {r.main_score: {"auroc": auroc}}})])


def test_the_distance_from_the_floor_is_a_ratio(study):
    text = " ".join(quality.ranking(changed(study, fid_classifier=12.4), seed=0))
    assert "12.4, 4.00 times the floor of 3.10" in text


@pytest.mark.parametrize("fid, at_floor", [(2.0, True), (3.4, True), (3.5, False)])
def test_a_distance_near_the_floor_is_said_to_tell_no_more(study, fid, at_floor):
    text = " ".join(quality.ranking(changed(study, fid_classifier=fid), seed=0))
    assert ("no longer tells" in text) == at_floor


def test_missing_classes_are_counted(study):
    few = changed(study, classes_covered=1)
    assert "vae (2 of 3)" in " ".join(quality.ranking(few, seed=0))
    all_of_them = changed(study, classes_covered=3)
    assert "all 3 classes" in " ".join(quality.ranking(all_of_them, seed=0))


def test_a_second_metric_that_disagrees_is_named(study):
    assert "KID disagrees" not in " ".join(quality.ranking(study, seed=0))
    gan = study.results[0]
    better = replace(gan, evaluate={**gan.evaluate, "kid_classifier": -0.01})
    text = " ".join(quality.ranking(replace(study, results=[better, *study.results[1:]]), seed=0))
    assert "KID disagrees about the first place: it prefers gan." in text


def test_a_weak_classifier_and_a_single_seed_are_admitted(study):
    weak = replace(study, classifier={"test_accuracy": 0.61})
    assert "right on only 61.0%" in " ".join(quality.ranking(weak, seed=7))
    assert "seed 7" in quality.ranking(study, seed=7)[-1]


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
    text = " ".join(anomaly.detection(scored(study, auroc), "noise", "noise"))
    assert words in text
    assert ("reversed" in text) == (auroc < 0.5)
    assert ("best" in text) == (auroc > 0.5)


def test_false_alarms_are_those_of_the_test_images(study):
    (line,) = anomaly.false_alarms(study, 0.95)
    assert "about 5.0% of the test images" in line and "vae 5.0%" in line


def test_the_hardest_corruption_is_the_one_whose_best_detector_is_worst(study):
    (line,) = anomaly.hardest_corruption(study)
    assert line == "Hardest to find: blur (AUROC 0.450 at best, by wgan)."


def test_models_that_are_equally_good_are_named_together(study):
    text = anomaly.detection(study, "anomaly", "damage")[0]
    assert text.startswith(
        "dcgan's discriminator, wgan's discriminator and vae's negative elbo tell"
    )


@pytest.mark.parametrize(
    "words, text", [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_in_a_sentence(words, text):
    assert quality.listed(words) == text


def beta(value, rate, distortion):
    return {"beta": value, "rate": rate, "distortion": distortion}


def test_a_larger_beta_is_said_to_trade_rate_for_distortion_and_where_it_does_not():
    points = [beta(4, 3.0, 27.0), beta(0.5, 9.0, 21.0), beta(1, 6.0, 24.0)]
    (line,) = quality.betas(points)
    assert line == (
        "From beta 0.5 to 4 the rate goes from 9.00 to 3.00 nats, the distortion from 21.0 to 27.0."
    )
    assert quality.betas([*points, beta(8, 3.5, 30.0)])[1:] == [
        "The rate does not fall at every step."
    ]
    assert quality.betas(points[:1]) == []


def test_what_a_latent_space_is_said_to_be_follows_from_its_numbers(study):
    lines = latent.latent_findings(study)
    assert lines[0] == (
        "Paths between random latents: gan (2.00) has the smoothest, vae (5.00) the roughest."
    )
    assert lines[1].startswith("vae: 3 latents say something about the image; class <b>2</b>")
    assert len(lines) == 3 and "near the logarithm of 100, 4.61 nats" in lines[2]
    (vae,) = (r for r in study.results if r.model == "vae")
    few = replace(vae, latent=vae.latent | {"mutual_information": 2.0})
    assert len(latent.latent_findings(replace(study, results=[few]))) == 1
