from dataclasses import replace
from pathlib import Path

import fabricated
import numpy as np
import pytest
from scipy.stats import norm

from genbench.anomaly.detection import detection_results
from genbench.anomaly.results import Detection, DetectionResults, SetScores, Shift, save_scores
from genbench.report.findings import anomaly, latent
from genbench.report.formatting import join_words
from genbench.results.points import SweepPoint, TrialResults
from genbench.training.results import Training, TrainingSummary
from genbench.utils.record import Estimate

ANOMALOUS = (("corruption", "noise"), ("corruption", "blur"), ("ood", "noise"))


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
    (line,) = anomaly.best_score(found, "ood", "noise")
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
    (line,) = anomaly.best_score(found, "ood", "noise")
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
    assert "above that of every baseline" in anomaly.best_score(found, "ood", "noise")[0]


def test_a_score_of_the_first_images_alone_is_compared_on_these(results, tmp_path):
    models = {"vae": {"elbo": 0.6, "regret": 0.95}}
    found = planted(results, tmp_path, models, {"png_size": 0.7}, first={"regret": 100})
    (line,) = anomaly.best_score(found, "ood", "noise")
    assert "vae's regret" in line and "above that of every baseline" in line


def test_without_scores_or_baselines_nothing_is_said_of_the_best(results):
    nothing = DetectionResults(detections=[])
    assert anomaly.best_score(replace(results, baselines=nothing), "ood", "noise") == []
    assert anomaly.best_score(replace(results, models=[]), "ood", "noise") == []


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
    (line,) = anomaly.hardest(results, "corruption")
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
    at = {"beta": value, "seed": 0}
    trial = fabricated.trial("beta_vae", at, rate=rate, distortion=distortion)
    return SweepPoint([TrialResults(Training(Path("beta_vae"), summary, []), trial)])


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
