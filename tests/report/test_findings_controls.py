"""Each verdict holds or not by its planted truths, and its sentence says what these show."""

import numpy as np
import pytest
import variants
from scipy.stats import norm, t
from variants import sure, with_controls

from genbench.evaluation.planted import planted_samples
from genbench.report.findings.controls import TITLES, check_verdicts, contradictions

VERDICTS = {"copying", "ranking", "ties", "duplicates", "classes", "detection"}


def check(results, verdict):
    return check_verdicts(results)[verdict]


def test_truths_as_they_should_be_contradict_nothing(results):
    checks = check_verdicts(results)
    assert checks.keys() == VERDICTS and contradictions(checks) == []


@pytest.mark.parametrize("verdict", sorted(VERDICTS))
def test_a_truth_contradicts_its_own_verdict_alone(results, verdict):
    checks = check_verdicts(variants.CONTRADICTED[verdict](results))
    assert {name for name, each in checks.items() if not each.holds} == {verdict}
    assert contradictions(checks) == [
        f"No verdict on {verdict}, as its control contradicts it. {checks[verdict].sentence}"
    ]


@pytest.mark.parametrize(
    "verdict, sets, holds",
    [
        ("copying", {"copies_100": {"copying_z": 0.0, "near_copies": 0.01}}, False),
        ("copying", {"copies_100": {"copying_z": 0.0, "near_copies": sure(0.2, 0.01)}}, True),
        ("copying", {"copies_10": {"copying_z": 0.0, "near_copies": 0.01}}, True),
        ("copying", {"held_out": {"copying_z": norm.ppf(0.0011)}}, True),
        ("copying", {"held_out": {"copying_z": norm.ppf(0.0009)}}, False),
        ("copying", {"held_out": {"copying_z": 30.0}}, True),
        ("ranking", {"blurred": {"fid": 13.9}}, False),
        ("ranking", {"blurred": {"fid": 14.0}}, True),
        ("ties", {"first_half": {"fid": sure(30, 4)}}, True),  # p = 0.02
        ("ties", {"first_half": {"fid": sure(37, 4)}}, False),  # p = 0.0004
        ("duplicates", {"held_out": {"duplicates": 0.6}}, False),
        ("classes", {"without_class": {"classes_covered": 1}}, True),
        ("classes", {"held_out": {"classes_covered": 2}, "without_class": None}, None),
        ("classes", {"held_out": {"classes_covered": 2}}, False),
        (
            "classes",
            {"held_out": {"classes_covered": 2}, "without_class": {"classes_covered": 1}},
            False,
        ),
    ],
)
def test_what_contradicts_a_verdict_and_what_does_not(results, verdict, sets, holds):
    checks = check_verdicts(with_controls(results, "planted", **sets))
    assert (checks[verdict].holds if verdict in checks else None) == holds


@pytest.mark.parametrize("p, holds", [(0.0011, True), (0.0009, False)])
def test_held_out_images_that_a_baseline_finds_contradict_detection(results, p, holds):
    assert check(variants.with_detection(results, p), "detection").holds == holds


def test_shares_of_copies_that_would_have_been_seen_stand_with_their_probability(results):
    p = {z: f"{norm.cdf(z):.2g}" for z in (-2.9, -1.0)}
    tiny = {z: f"{norm.cdf(z):.0e}" for z in (-9.2, -18.4)}
    assert check(results, "copying").sentence == (
        f"Copies: 10 % (p = {p[-2.9]}), 50 % (p = {tiny[-9.2]}) and 100 % (p = {tiny[-18.4]})"
        f" would have been seen; held-out real images have a p of {p[-1.0]}."
    )


def test_shares_of_copies_that_would_not_have_been_seen_are_said_too(results):
    blind = with_controls(results, "planted", copies_10={"copying_z": -1.0, "near_copies": 0.05})
    sentence = check(blind, "copying").sentence
    assert (
        "50 % (p = 2e-20) and 100 % (p = 7e-76) would have been seen, 10 % (p = 0.16)" in sentence
    )
    assert "10 % (p = 0.16) would not have been seen; held-out" in sentence


def test_sentences_have_the_numbers_of_their_planted_sets(results):
    planted = results.controls.planted
    errors = {name: (planted[name].metrics["fid"].high - planted[name].metrics["fid"].low) / 4.172
              for name in planted}  # fmt: skip

    def p(a, b):
        difference = planted[a].metrics["fid"].value - planted[b].metrics["fid"].value
        return 2 * t.sf(abs(difference) / (errors[a] ** 2 + errors[b] ** 2) ** 0.5, 20)

    assert check(results, "ranking").sentence == (
        "FID: of held-out real images 13.9, of the same images slightly blurred 47.9"
        f" (p = {p('held_out', 'blurred'):.0e})."
    )
    assert check(results, "ties").sentence == (
        "Ties: two halves of one sample differ in FID with"
        f" p = {p('first_half', 'second_half'):.2g}."
    )
    assert check(results, "duplicates").sentence == (
        "Duplicates: where half of the images stand twice their share is 0.500, else 0.010."
    )
    assert check(results, "classes").sentence == (
        "Classes: held-out real images have 3 of 3, without one class 2."
    )
    assert check(results, "detection").sentence == (
        "Detection: held-out test images against other test images, which nothing can tell apart,"
        " have an AUROC of 0.47 to 0.53 (2 baselines)."
    )


def test_every_planted_set_has_a_name_in_words(results):
    x, y = np.zeros((10, 1, 4, 4), np.uint8), np.arange(10) % 2
    sets = [name for name, _ in planted_samples(x, y, x, seed=0)]
    assert list(TITLES) == sets and results.controls.planted.keys() == TITLES.keys()
    assert len(set(TITLES.values())) == len(TITLES)
