"""What is said of one model by itself is what its own records say."""

from dataclasses import replace

import fabricated
import pytest
from variants import CONTRADICTED, sure, with_fids, with_metrics, with_reference

from genbench.intervals import T_95
from genbench.report.findings.model import model_notes, study_note
from genbench.report.findings.quality import ranking_findings
from genbench.report.formatting import number
from genbench.results.failures import Failure

FIDS = {"vae": (1.0, 0.1), "wgan": (8.0, 1.0), "dcgan": (9.0, 1.0), "gan": (20.0, 0.1)}


def note(results, model="vae", **choices):
    """The lines of one model's note."""
    text = model_notes([results], fabricated.params(**choices))[results.dataset, model]
    return [line.removeprefix("- ") for line in text.splitlines()]


def test_a_model_has_its_distance_the_floor_and_its_place(results):
    ranked = with_reference(with_fids(results, **FIDS), fid=(0.5, 400.0))
    low, high = (number(1 + sign * 0.1 * T_95) for sign in (-1, 1))
    best = f"FID 1.00 (95 % interval {low} to {high}; real training images 0.500): place "
    all_models = "of 4 (vae, wgan, dcgan and gan)."
    assert note(ranked)[0] == f"{best}1 {all_models}"
    assert note(ranked, "wgan")[0].endswith(f"place 2\N{EN DASH}3 {all_models}")


def test_a_distance_that_noise_reaches_has_a_reason_and_no_place(results):
    (first, *_) = note(with_reference(results, fid=(5.0, 5.1)))
    assert "place" not in first and first.endswith(
        "It means nothing here: noise has 5.100, real images 5.000."
    )


@pytest.mark.parametrize(
    "verdict, words",
    [("ranking", "place"), ("copying", "copies"), ("classes", "classes."), ("detection", "AUROC")],
)
def test_a_verdict_that_its_control_contradicts_is_not_given(results, verdict, words):
    assert words in " ".join(note(results))
    assert words not in " ".join(note(CONTRADICTED[verdict](results)))


@pytest.mark.parametrize("near, verb", [(0.3, "are copies"), (0.0, "are not shown to be copies")])
def test_copies_are_named(results, near, verb):
    i = fabricated.MODELS.index("vae")
    models = list(results.models)
    models[i] = with_metrics(models[i], near_copies=sure(near, 0.01), copying_z=0.0)
    (line,) = [line for line in note(replace(results, models=models)) if "copies" in line]
    assert line.startswith(f"Its images {verb} of training images ({near:.1%} near copies")


def test_classes_warnings_and_detection_are_those_of_the_model(results):
    gan, vae = note(results, "gan"), note(results, "vae")
    k = len(results.classes)
    assert f"It generates images of {k - 1} of {k} classes." in gan
    assert f"It generates images of {k} of {k} classes." in vae
    warning = f"Warning in the training: {fabricated.ALARMS['gan'][0]}."
    assert warning in gan and warning not in vae
    detection = (
        "tells from test images (mean AUROC): corrupted ones 0.800 and other datasets 0.750."
    )
    assert f"Its negative elbo {detection}" in vae


def test_an_encoder_is_described_and_a_model_without_one_is_not(results):
    assert any("active units" in line for line in note(results, "vae"))
    assert not any("active units" in line for line in note(results, "gan"))


def test_a_model_trained_on_its_judge_says_so(results):
    line = "It is trained on the features that judge it, which flatters it."
    assert line in note(results, zoo={"vae": {"perceptual": 0.5}}) and line not in note(results)


def test_a_model_that_diverged_has_its_reason_and_one_under_way_has_none(results):
    diverged, killed = (
        Failure(model, 3000, "model/loss not finite", None, unfinished)
        for model, unfinished in (("a", False), ("b", True))
    )
    notes = model_notes([replace(results, failures=[diverged, killed])], fabricated.params())
    assert notes[results.dataset, "a"] == "- a failed after 3,000 images: model/loss not finite."
    assert (results.dataset, "b") not in notes


def test_the_study_has_the_findings_of_its_ranking(results):
    choices = fabricated.params()
    lines = study_note([results], choices).split("\n")
    assert lines[0] == f"**{results.dataset}**"
    assert lines[2:] == [f"- {line}" for line in ranking_findings(results, choices)]
