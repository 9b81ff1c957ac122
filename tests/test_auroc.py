"""Intervals and paired tests of AUROCs, where the truth is known."""

from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from genbench.auroc import auroc, candidates, paired_test, pixel_auroc

PHI = NormalDist()
N_IMAGES = 120
N_VERSIONS = 7
RUNS = 1500


def shift(area):
    """How far apart the means of two normal distributions of variance 1 with this AUROC are."""
    return 2**0.5 * PHI.inv_cdf(area)


def independent(area, rng, n_in=N_IMAGES, n_out=N_IMAGES):
    return rng.normal(size=n_in), rng.normal(size=n_out) + shift(area)


def of_versions(area, rng, share=0.5, n=N_IMAGES, k=N_VERSIONS):
    """Scores that have a share of their variance in common with those of the image's versions."""
    image = share**0.5 * rng.normal(size=n)
    rest = (1 - share) ** 0.5
    return image + rest * rng.normal(size=n), image + rest * rng.normal(size=(k, n)) + shift(area)


@cache
def coverage(draw, area, flat=False):
    """Shares of 95% intervals that hold the truth, that are above it, and that are below."""
    rng = np.random.default_rng(0)
    above = below = 0
    for _ in range(RUNS):
        scores_in, scores_out = draw(area, rng)
        estimate = auroc(scores_in, scores_out.ravel() if flat else scores_out)
        above += estimate.low > area
        below += estimate.high < area
    return 1 - (above + below) / RUNS, above / RUNS, below / RUNS


@pytest.mark.parametrize("area", [0.6, 0.9, 0.97])
@pytest.mark.parametrize("draw", [independent, of_versions])
def test_the_interval_holds_the_truth_in_95_of_100_cases(draw, area):
    inside, above, below = coverage(draw, area)
    assert 0.93 <= inside <= 0.98
    assert above < 0.05 and below < 0.05


def test_versions_taken_for_independent_images_have_a_wrong_interval():
    assert coverage(of_versions, 0.6, flat=True)[0] > 0.98


def test_versions_that_are_copies_say_no_more_than_one():
    rng = np.random.default_rng(0)
    scores_in, scores_out = of_versions(0.8, rng, share=0.5, n=400, k=1)
    copies = scores_out + 1e-9 * rng.normal(size=(N_VERSIONS, 400))
    one, seven = auroc(scores_in, scores_out), auroc(scores_in, copies)
    assert (seven.low, seven.high) == pytest.approx((one.low, one.high), abs=1e-5)


def bootstrap_error(scores_in, scores_out, rng, resamples=400):
    """Of scikit-learn's AUROC, an image being drawn with all of its versions."""
    n = len(scores_in)
    values = []
    for _ in range(resamples):
        i = rng.integers(0, n, n)
        out = scores_out[:, i].ravel()
        labels = np.repeat([0, 1], [n, out.size])
        values.append(roc_auc_score(labels, np.concatenate([scores_in[i], out])))
    return np.std(values, ddof=1)


def standard_error(estimate):
    """From the interval, which is symmetric in the logit."""
    low, high = (np.log(end / (1 - end)) for end in (estimate.low, estimate.high))
    return (high - low) / 2 / 1.959964 * estimate.value * (1 - estimate.value)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_error_of_versions_is_that_of_a_bootstrap_by_image(share):
    rng = np.random.default_rng(1)
    scores = of_versions(0.8, rng, share=share, n=300, k=4)
    expected = bootstrap_error(*scores, rng)
    # a standard deviation of 400 draws is known to 1 / sqrt(800); four of these
    assert standard_error(auroc(*scores)) == pytest.approx(expected, rel=4 / 800**0.5)


def test_matched_in_all_ways_in_turn_versions_have_the_error_of_independent_images():
    """Then each image meets each other one equally often, and no covariance is left."""
    scores_in, scores_out = of_versions(0.7, np.random.default_rng(2), n=50, k=1)
    errors = [standard_error(auroc(scores_in, np.roll(scores_out, s, axis=1))) for s in range(50)]
    plain = standard_error(auroc(scores_in, scores_out[0]))
    assert np.mean(np.square(errors)) == pytest.approx(plain**2, rel=1e-6)


def test_the_error_is_that_of_delong():
    rng = np.random.default_rng(4)
    inside, outside = rng.normal(size=40).round(1), rng.normal(size=25).round(1) + 1
    wins = (outside[:, None] > inside) + 0.5 * (outside[:, None] == inside)
    variance = wins.mean(1).var(ddof=1) / 25 + wins.mean(0).var(ddof=1) / 40
    assert standard_error(auroc(inside, outside)) ** 2 == pytest.approx(variance, rel=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_score_that_tells_all_images_apart_is_as_sure_as_n_successes_in_n_trials(sign):
    scores_in, scores_out = sign * np.arange(30.0), sign * np.arange(100.0, 120.0)
    value = (1 + sign) / 2
    for images, out in ((20, scores_out), (15, sign * np.arange(100.0, 190.0).reshape(3, 30))):
        exact = binomtest(images * (sign > 0), images).proportion_ci(0.95)
        estimate = auroc(scores_in, out)
        assert estimate.value == value
        assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high), rel=1e-6)


def two_scores(first, second, rng, n_versions=0):
    """Two scores of the same images that have half of their variance in common."""
    n = N_IMAGES
    common = of_versions(0.5, rng) if n_versions else independent(0.5, rng)
    pairs = []
    for area in (first, second):
        inside, outside = of_versions(0.5, rng) if n_versions else independent(0.5, rng, n, n)
        half = 0.5**0.5
        out = half * (common[1] + outside) + shift(area)
        pairs.append((half * (common[0] + inside), out))
    return pairs


@pytest.mark.parametrize("n_versions", [0, N_VERSIONS])
@pytest.mark.parametrize("area", [0.6, 0.9])
def test_equal_scores_are_told_apart_in_5_of_100_cases(area, n_versions):
    rng = np.random.default_rng(5)
    results = [paired_test(*two_scores(area, area, rng, n_versions)) for _ in range(RUNS)]
    positive = np.mean([p < 0.05 and d > 0 for d, p in results])
    negative = np.mean([p < 0.05 and d < 0 for d, p in results])
    assert 0.012 < positive < 0.04 and 0.012 < negative < 0.04


def test_the_paired_test_has_the_error_of_a_bootstrap_of_the_difference():
    rng = np.random.default_rng(6)
    first, second = two_scores(0.8, 0.75, rng)
    labels = np.repeat([0, 1], N_IMAGES)
    values = []
    for _ in range(800):
        i, j = rng.integers(0, N_IMAGES, (2, N_IMAGES))
        one, other = (roc_auc_score(labels, np.append(a[i], b[j])) for a, b in (first, second))
        values.append(one - other)
    difference, p = paired_test(first, second)
    both = [roc_auc_score(labels, np.concatenate(pair)) for pair in (first, second)]
    assert difference == pytest.approx(both[0] - both[1])
    error = difference / -PHI.inv_cdf(p / 2)
    assert abs(error) == pytest.approx(np.std(values, ddof=1), rel=4 / 1600**0.5)
    assert paired_test(second, first) == pytest.approx((-difference, p))


def test_a_score_of_fewer_images_is_compared_on_the_first_images():
    rng = np.random.default_rng(7)
    for n_versions in (0, N_VERSIONS):
        first, second = two_scores(0.7, 0.6, rng, n_versions)
        few = second[0][:50], second[1][..., :50]
        expected = paired_test((first[0][:50], first[1][..., :50]), few)
        assert paired_test(first, few) == expected
        assert paired_test(few, first) == pytest.approx((-expected[0], expected[1]))


def test_scores_that_order_images_alike_do_not_differ():
    first = independent(0.7, np.random.default_rng(8))
    assert paired_test(first, (np.exp(first[0]), np.exp(first[1]))) == (0, 1)
    perfect = np.arange(9.0), np.arange(9.0) + 9
    constant = np.zeros(9), np.zeros(9)
    assert paired_test(perfect, constant) == (0.5, 0)


def test_the_best_of_many_equal_scores_is_seldom_called_better_than_one_of_them():
    rng = np.random.default_rng(9)
    n_runs, n_scores = 400, 12
    missed = 0
    for _ in range(n_runs):
        common = independent(0.5, rng)
        scores = {}
        for name in range(n_scores):
            inside, outside = independent(0.8, rng)
            scores[name] = common[0] + inside, common[1] + outside + shift(0.8) * (2**0.5 - 1)
        missed += 0 not in candidates(scores)
    assert missed / n_runs <= 0.05


def test_the_best_score_comes_first_then_those_that_it_is_not_shown_to_beat():
    rng = np.random.default_rng(10)
    inside, outside = independent(0.8, rng, 500, 500)
    scores = {"worse": (rng.normal(size=500), rng.normal(size=500) + 0.1)}
    scores["near"] = inside + 0.3 * rng.normal(size=500), outside + 0.3 * rng.normal(size=500)
    scores["best"] = inside, outside
    scores["equal"] = np.exp(inside), np.exp(outside)
    assert set(candidates(scores)[:2]) == {"best", "equal"}
    assert "worse" not in candidates(scores)
    assert candidates({"only": scores["worse"]}) == ["only"]


def test_a_score_that_is_better_on_the_images_that_both_have_may_be_the_best():
    few = np.arange(50.0), np.arange(50.0) + 20
    many = np.zeros(500), np.repeat([1.0, 0.0], [50, 450])  # perfect on the first 50 only
    assert auroc(*few).value > auroc(*many).value
    assert candidates({"few": few, "many": many}) == ["few", "many"]


def test_of_a_single_anomalous_image_nothing_is_known_for_sure():
    rng = np.random.default_rng(7)
    inside, one = rng.normal(size=50), np.array([0.3])
    estimate = auroc(inside, one)
    assert estimate.value == (inside < 0.3).mean() and (estimate.low, estimate.high) == (0, 1)
    assert paired_test((inside, one), (-inside, one))[1] == 1


def test_pixels_of_images_with_equal_masks_are_versions_of_the_images():
    rng = np.random.default_rng(0)
    scores_in, scores_out = of_versions(0.8, rng, n=50, k=3)
    maps = np.concatenate([scores_in[:, None], scores_out.T], 1)[:, None]
    masks = np.broadcast_to([False, True, True, True], maps.shape)
    found, expected = pixel_auroc(maps, masks), auroc(scores_in, scores_out)
    assert found.model_dump() == pytest.approx(expected.model_dump())


def pixels(rng, n=60, side=6):
    """Maps and masks, some of them empty; half of the variance is that of the image."""
    masks = (rng.random((n, side, side)) < 0.3) & (rng.random((n, 1, 1)) < 0.7)
    noise = rng.normal(size=(n, 1, 1)) + rng.normal(size=(n, side, side))
    return noise / 2**0.5 + shift(0.8) * masks, masks


def test_the_area_of_pixels_is_scikit_learns_and_its_interval_holds_the_truth():
    rng = np.random.default_rng(0)
    maps, masks = pixels(rng)
    expected = roc_auc_score(masks.ravel(), maps.ravel())
    assert pixel_auroc(maps, masks).value == pytest.approx(expected)
    found = [pixel_auroc(*pixels(rng)) for _ in range(400)]
    assert 0.92 <= np.mean([each.low <= 0.8 <= each.high for each in found]) <= 0.98


def test_a_random_map_has_one_half_and_the_mask_itself_one():
    _, masks = pixels(np.random.default_rng(0))
    random = np.random.default_rng(1).random(masks.shape)
    found = pixel_auroc(random, masks)
    assert found.low < 0.5 < found.high and abs(found.value - 0.5) < 0.05
    assert pixel_auroc(masks.astype(float), masks).value == 1
