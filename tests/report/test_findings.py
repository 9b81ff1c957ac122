from dataclasses import replace
from pathlib import Path

import fabricated
import numpy as np
import pytest
from scipy.stats import norm

from genbench.anomaly.detection import detection_results
from genbench.anomaly.results import Detection, DetectionResults, SetScores, Shift, save_scores
from genbench.evaluation.results import Point
from genbench.report.findings import anomaly, latent, quality
from genbench.report.formatting import join_words
from genbench.results.points import SweepPoint
from genbench.results.run import collect
from genbench.training.results import Training, TrainingSummary
from genbench.utils.record import Estimate

ANOMALOUS = (("corruption", "noise"), ("corruption", "blur"), ("ood", "noise"))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folders = fabricated.tree(tmp_path_factory.mktemp("results"))
    return collect(fabricated.params(), *folders)[0]


def with_metrics(model, **values):
    """The model, whose quality metrics are changed: a number, or (low, value, high)."""
    estimates = {}
    for key, value in values.items():
        low, value, high = value if isinstance(value, tuple) else (None, value, None)
        estimates[key] = Estimate(value=value, low=low, high=high)
    metrics = model.quality.metrics | estimates
    return replace(model, quality=model.quality.model_copy(update={"metrics": metrics}))


def changed(results, **values):
    """The results of one model, whose quality metrics are changed."""
    return replace(results, models=[with_metrics(results.models[3], **values)])


def with_fids(results, **fids):
    """The results of these models only, each with (low, value, high) of its FID."""
    models = [with_metrics(r, fid=fids[r.model]) for r in results.models if r.model in fids]
    return replace(results, models=models)


def ranking_text(results, seed=0):
    return " ".join(quality.ranking_findings(results, seed))


def detection(score, auroc, kind="ood", name="noise", shift=None):
    return Detection(
        kind=kind,
        name=name,
        score=score,
        n_in=100,
        n_out=100,
        auroc=Estimate(value=auroc, low=auroc - 0.02, high=auroc + 0.02),
        aupr=0.8,
        aupr_normal=0.7,
        fpr95=0.4,
        shift=shift,
    )


def against(results, score, effect, p):
    """The results of the VAE alone: one score against noise."""
    (vae,) = (result for result in results.models if result.model == "vae")
    shift = Shift(mean_in=1.0, mean_out=2.0, sem_in=0.1, sem_out=0.1, effect=effect, p=p)
    vae = replace(vae, detection=DetectionResults(detections=[detection(score, 0.9, shift=shift)]))
    return replace(results, models=[vae])


@pytest.mark.parametrize(
    "effect, p, words",
    [
        (1.2, 1e-9, "worse (2.00 against 1.00, effect 1.20), as is often assumed"),
        (0.1, 1e-9, "but hardly so"),
        (
            -0.5,
            1e-9,
            "better than test images (2.00 against 1.00, effect -0.50): the hypothesis does not"
            " hold here",
        ),
        (0.1, 0.3, "not shown to reconstruct noise better or worse"),
    ],
)
def test_the_hypothesis_about_autoencoders_is_tested(results, effect, p, words):
    found = against(results, "reconstruction_error", effect, p)
    assert words in anomaly.reconstruction_hypothesis(found, "noise")[0]


def planted(results, folder, models, baselines=None, n=400, noise=0.3, first=None):
    """Results of these models: their main scores have about these AUROCs against images of noise.

    The scores of an image, and of its versions, differ by noise; the scores called `first` are of
    as many images only.
    """
    rng = np.random.default_rng(0)
    image = {kind: rng.normal(size=n) for kind in ("val", "test", "ood")}
    image["corruption"] = image["test"]

    def sets(name, areas):
        out = []
        for kind, of_set in (("val", "val"), ("test", "test"), *ANOMALOUS):
            scores = {}
            for score, area in areas.items():
                mean = (
                    0.0 if kind in ("val", "test") else (2 + 2 * noise**2) ** 0.5 * norm.ppf(area)
                )
                scores[score] = image[kind] + noise * rng.normal(size=n) + mean
                scores[score] = scores[score][: (first or {}).get(score)]
            out.append(SetScores(kind, of_set, scores))
        (folder / name).mkdir(parents=True)
        save_scores(folder / name / "scores.npz", out)
        return detection_results(out, 0.95)

    found = [
        replace(r, detection=sets(r.model, areas), paths={"anomaly": folder / r.model})
        for r in results.models
        if (areas := models.get(r.model))
    ]
    of_baselines = sets("baselines", baselines or {"png_size": 0.5})
    folder = folder / "baselines"
    return replace(results, models=found, baselines=of_baselines, baselines_folder=folder)


def area(results, model, score, kind="ood", name="noise"):
    """AUROC in the results, three decimals."""
    (result,) = (r for r in results.models if r.model == model)
    return f"{result.detection.by_score(kind, name)[score].auroc.value:.3f}"


def area_of_baseline(results, score):
    return f"{results.baselines.by_score('ood', 'noise')[score].auroc.value:.3f}"


@pytest.mark.parametrize(
    "models, baselines, words",
    [
        (0.9, {"png_size": 0.7, "energy": 0.6}, "above that of every baseline; the best of these"),
        (0.8, {"png_size": 0.799, "energy": 0.6}, "not shown to be above that of the baseline png"),
    ],
)
def test_a_model_is_said_to_be_above_the_baselines_by_a_paired_test(
    results, tmp_path, models, baselines, words
):
    found = planted(results, tmp_path, {"vae": {"kl": models, "elbo": 0.55}}, baselines)
    (line,) = anomaly.best_score(found, "noise")
    assert line.startswith(f"The highest AUROC is that of vae's kl ({area(found, 'vae', 'kl')}), ")
    assert words in line
    assert line.endswith(f"the baseline png size ({area_of_baseline(found, 'png_size')}).")


@pytest.mark.parametrize(
    "model, words",
    [
        (0.6, "above that of every score of a model; the best of these is vae's kl"),
        (0.895, "not shown to be above that of vae's kl"),
    ],
)
def test_a_baseline_may_have_the_highest_auroc(results, tmp_path, model, words):
    found = planted(results, tmp_path, {"vae": {"kl": model}}, {"png_size": 0.9})
    (line,) = anomaly.best_score(found, "noise")
    value = area_of_baseline(found, "png_size")
    assert line.startswith(f"The highest AUROC is that of the baseline png size ({value}), ")
    assert f"{words} ({area(found, 'vae', 'kl')})." in line


def test_scores_whose_intervals_overlap_may_differ_as_they_are_of_the_same_images(
    results, tmp_path
):
    found = planted(results, tmp_path, {"vae": {"kl": 0.8}}, {"png_size": 0.77}, noise=0.1)
    (result,) = found.models
    model = result.detection.by_score("ood", "noise")["kl"].auroc
    assert model.low < found.baselines.by_score("ood", "noise")["png_size"].auroc.high
    assert "above that of every baseline" in anomaly.best_score(found, "noise")[0]


def test_a_score_of_the_first_images_alone_is_compared_on_these(results, tmp_path):
    models = {"vae": {"elbo": 0.6, "regret": 0.95}}
    found = planted(results, tmp_path, models, {"png_size": 0.7}, first={"regret": 100})
    (line,) = anomaly.best_score(found, "noise")
    assert "vae's regret" in line and "above that of every baseline" in line


def test_without_scores_or_baselines_nothing_is_said_of_the_best(results):
    nothing = DetectionResults(detections=[])
    assert anomaly.best_score(replace(results, baselines=nothing), "noise") == []
    assert anomaly.best_score(replace(results, models=[]), "noise") == []


def test_models_whose_intervals_overlap_are_tied(results):
    fids = {"gan": (8, 9, 10), "dcgan": (1, 2, 3), "wgan": (9.9, 12, 14), "vae": (11, 13, 15)}
    found = with_fids(results, **fids)
    ranked = found.ranked()
    assert [result.model for result in ranked] == ["dcgan", "gan", "wgan", "vae"]
    # vae overlaps with wgan, but not with the first of the rank
    assert quality.tied_ranks(ranked) == ["1", "2=", "2=", "4"]
    text = ranking_text(found)
    assert "gan and wgan are tied" in text and "dcgan and" not in text


def test_intervals_that_touch_overlap(results):
    found = with_fids(results, gan=(1, 2, 3), dcgan=(3, 4, 5))
    assert quality.tied_ranks(found.ranked()) == ["1=", "1="]


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
    found = with_fids(results, gan=(4, 5, 6), dcgan=(8, 9, 10))
    fids = {"gan": [5.0, second[0]], "dcgan": [9.0, second[1]]}
    models = [
        replace(r, quality=r.quality.model_copy(update={"sample_sets": {"fid": fids[r.model]}}))
        for r in found.models
    ]
    text = ranking_text(replace(found, models=models))
    assert ("All 2 samples of each model give this order." in text) == same
    assert ("do not agree on the order of gan and dcgan" in text) != same


def test_models_whose_images_are_nearer_to_training_images_are_named(results):
    assert "perhaps copied" not in ranking_text(results)
    text = ranking_text(changed(results, memorization_ratio=0.3))
    assert "perhaps copied: vae (0.30)" in text


def test_the_distance_from_the_floor_is_a_ratio(results):
    assert "12.4, 4.00 times the floor of 3.10" in ranking_text(changed(results, fid=12.4))


@pytest.mark.parametrize("fid, at_floor", [(2.0, True), (3.4, True), (3.5, False)])
def test_a_distance_near_the_floor_is_said_to_tell_no_more(results, fid, at_floor):
    assert ("no longer tells" in ranking_text(changed(results, fid=fid))) == at_floor


def test_missing_classes_are_counted(results):
    assert "vae (2 of 3)" in ranking_text(changed(results, classes_covered=1))
    assert "all 3 classes" in ranking_text(changed(results, classes_covered=3))


def test_a_second_metric_that_disagrees_is_named(results):
    assert "KID disagrees" not in ranking_text(results)
    better = with_metrics(results.models[0], kid=-0.01)
    text = ranking_text(replace(results, models=[better, *results.models[1:]]))
    assert "KID disagrees about the best model: it prefers gan." in text


def test_a_weak_classifier_and_a_single_seed_are_admitted(results):
    classifier = results.classifier.model_copy(update={"test_accuracy": 0.61})
    weak = replace(results, classifier=classifier)
    assert "has only 61.0% accuracy" in ranking_text(weak, seed=7)
    assert "seed 7" in quality.ranking_findings(results, seed=7)[-1]


def test_a_warning_stands_in_the_findings(results):
    (line,) = fabricated.ALARMS["gan"]
    assert f"Warning in the training of gan: {line}." in ranking_text(results)


@pytest.mark.parametrize(
    "planted_area, n, words, is_best",
    [
        (0.31, 400, "reversed here (AUROC {})", False),
        (0.46, 8000, "than test images, though it is near guessing", False),
        (0.49, 40, "not shown to differ from guessing (AUROC {})", False),
        (0.52, 40, "not shown to differ from guessing (AUROC {})", False),
        (0.53, 8000, "hardly better than guessing (AUROC {})", True),
        (0.97, 400, "best: AUROC {}", True),
    ],
)
def test_a_detector_is_called_what_it_is(results, tmp_path, planted_area, n, words, is_best):
    found = planted(results, tmp_path, {"vae": {"kl": planted_area}}, n=n)
    for kind, name in (("ood", "noise"), ("corruptions", "all")):
        text = " ".join(anomaly.detection_findings(found, kind, name, "images of noise"))
        assert words.format(area(found, "vae", "kl", kind, name)) in text
        assert ("reversed" in text) == ("reversed" in words or "near" in words)
        assert ("best" in text) == is_best


def test_false_positives_are_those_of_the_test_images(results):
    (line,) = anomaly.false_positives(results, 0.95)
    assert "about 5.0% of the test images" in line and "vae 5.0%" in line


def test_the_hardest_corruption_is_the_one_whose_largest_auroc_is_smallest(results):
    (line,) = anomaly.hardest_corruption(results)
    assert line == "The lowest AUROC at best is that for blur: 0.450, by wgan."


@pytest.mark.parametrize("kind, name", [("ood", "noise"), ("corruptions", "all")])
def test_models_that_no_test_tells_apart_are_named_together(results, tmp_path, kind, name):
    areas = {"gan": {"d": 0.8}, "dcgan": {"d": 0.798}, "vae": {"kl": 0.7}}
    found = planted(results, tmp_path / "equal", areas)
    values = {model: area(found, model, "d", kind, name) for model in ("gan", "dcgan")}
    first, second = sorted(values, key=values.get, reverse=True)
    (line,) = anomaly.detection_findings(found, kind, name, "such images")
    assert line == (
        f"The highest AUROCs for such images are those of {first}'s d ({values[first]}) and"
        f" {second}'s d ({values[second]}), which a paired test (5%) does not tell apart."
    )
    found = planted(results, tmp_path / "apart", {"gan": {"d": 0.8}, "dcgan": {"d": 0.85}})
    (line,) = anomaly.detection_findings(found, kind, name, "such images")
    value = area(found, "dcgan", "d", kind, name)
    assert line == f"dcgan's d separates such images from test images best: AUROC {value}."


@pytest.mark.parametrize(
    "words, text", [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_in_a_sentence(words, text):
    assert join_words(words) == text


def at_beta(value, rate, distortion):
    summary = TrainingSummary(images=1, parameters=1, flops=1, ema=True, final={}, alarms=[])
    metrics = {"rate": Estimate(value=rate), "distortion": Estimate(value=distortion)}
    point = Point(model="beta_vae", at={"beta": value}, extractor="classifier", metrics=metrics)
    return SweepPoint(Training(Path("beta_vae"), summary, []), point)


def test_a_larger_beta_is_said_to_trade_rate_for_distortion_and_where_it_does_not():
    points = [at_beta(4, 3.0, 27.0), at_beta(0.5, 9.0, 21.0), at_beta(1, 6.0, 24.0)]
    (line,) = latent.rate_distortion_findings(points)
    assert line == (
        "From beta 0.5 to 4 the rate goes from 9.00 to 3.00 nats, the distortion from 21.0 to 27.0."
    )
    assert latent.rate_distortion_findings([*points, at_beta(8, 3.5, 30.0)])[1:] == [
        "The rate does not fall at every step."
    ]
    assert latent.rate_distortion_findings(points[:1]) == []


def test_what_a_latent_space_is_said_to_be_follows_from_its_numbers(results):
    lines = latent.latent_findings(results)
    assert lines[0] == (
        "Paths between random latents are smoothest in the latent space of gan (path length 2.00),"
        " roughest in that of vae (5.00)."
    )
    assert lines[1].startswith("vae: 3 active units; class <b>2</b>")
    assert len(lines) == 3 and "near the logarithm of 100, 4.61 nats" in lines[2]
    (vae,) = (result for result in results.models if result.model == "vae")
    metrics = vae.latent.metrics | {"mutual_information": Estimate(value=2.0)}
    few = replace(vae, latent=vae.latent.model_copy(update={"metrics": metrics}))
    assert len(latent.latent_findings(replace(results, models=[few]))) == 1


def test_the_best_reconstructions_are_those_with_the_largest_psnr(results):
    (vae,) = (result for result in results.models if result.model == "vae")
    metrics = vae.latent.metrics | {"psnr": Estimate(value=30.0)}
    better = replace(vae, model="better", latent=vae.latent.model_copy(update={"metrics": metrics}))
    lines = latent.latent_findings(replace(results, models=[vae, better]))
    assert "better has the best reconstructions (30.0 dB)." in lines
