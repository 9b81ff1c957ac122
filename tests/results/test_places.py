"""Places in a ranking: which models are told apart, and how often by mistake."""

from itertools import combinations

import fabricated
import measured
import numpy as np
import pytest
from scipy.stats import t

from genbench.intervals import T_95, random_halves
from genbench.results.model import ModelResults
from genbench.results.places import p_of_difference, places, told_apart
from genbench.results.trainings import LEVEL
from genbench.utils.record import Estimate

DEGREES = 20
"""Of freedom: of as many pairs of halves."""


def quality(fid, error=1.0, i=0, halves=None):
    """A model's FID with its standard error; errors of different i are uncorrelated."""
    estimate = Estimate(value=fid, low=fid - T_95 * error, high=fid + T_95 * error)
    record = measured.samples(fabricated.PROTOCOL, fid)
    values = measured.halves(estimate, i) if halves is None else list(halves)
    update = {"metrics": record.metrics | {"fid": estimate}, "halves": {"fid": values}}
    return record.model_copy(update=update)


def competitors(*qualities):
    """Models with one training each, of these qualities."""
    return [model([each]) for each in qualities]


def model(qualities):
    """A model with trainings of these qualities."""
    first, *others = qualities
    empty = {"detection": None, "latent": None, "embedding": None, "paths": {}, "training": None}
    replicates = [ModelResults(model="", quality=each, seed=1, **empty) for each in others]
    return ModelResults(model="", quality=first, seed=0, replicates=replicates, **empty)


def two_sided(difference, error):
    return 2 * t.sf(abs(difference) / error, DEGREES)


def shown(*qualities):
    return [str(place) for place in places(competitors(*qualities))]


@pytest.mark.parametrize("difference", [0.5, -2.0, 7.0])
def test_the_probability_of_a_difference_is_students(difference):
    a, b = quality(10.0, 0.6, 0), quality(10.0 + difference, 0.8, 1)
    expected = two_sided(difference, 1.0)
    assert p_of_difference(a, b) == pytest.approx(expected, rel=1e-9)
    assert p_of_difference(b, a) == pytest.approx(expected, rel=1e-9)


def test_what_the_same_real_images_add_to_both_models_cancels():
    shared, own = np.array(measured.halves(Estimate(value=0, low=-50, high=50), 0)), 0.1
    paired = [
        quality(fid, halves=shared + np.array(quality(fid, own, i).halves["fid"]))
        for fid, i in ((10.0, 1), (11.0, 2))
    ]
    assert p_of_difference(*paired) == pytest.approx(two_sided(1.0, own * 2**0.5), rel=1e-6)
    error = 50 / T_95
    apart = [quality(10.0, error, 1), quality(11.0, error, 2)]
    assert p_of_difference(*apart) > 0.9  # as large alone, but not the same for both


def test_metrics_without_halves_are_not_told_apart_and_those_that_never_vary_are():
    bare = quality(10.0).model_copy(update={"halves": {}})
    assert p_of_difference(bare, quality(99.0)) == p_of_difference(quality(99.0), bare) == 1
    assert p_of_difference(quality(10.0), quality(99.0), "negative_elbo") == 1
    assert p_of_difference(quality(10.0, 0.0), quality(11.0, 0.0)) == 0
    assert p_of_difference(quality(10.0, 0.0), quality(10.0, 0.0)) == 1


def test_another_metric_is_tested_by_its_own_halves():
    a, b = (measured.samples(fabricated.PROTOCOL, fid, i) for i, fid in enumerate((10.0, 10.2)))
    kid = [each.metrics["kid"] for each in (a, b)]
    errors = [(estimate.high - estimate.low) / 2 / T_95 for estimate in kid]
    expected = two_sided(kid[0].value - kid[1].value, np.hypot(*errors))
    assert p_of_difference(a, b, "kid") == pytest.approx(expected, rel=1e-9)


def holm(p):
    """Hypotheses that are rejected, from the adjusted p-values of all (Holm 1979)."""
    ordered = sorted(p, key=p.__getitem__)
    adjusted = np.maximum.accumulate([(len(p) - i) * p[key] for i, key in enumerate(ordered)])
    return {key for key, value in zip(ordered, adjusted, strict=True) if value <= LEVEL}


@pytest.mark.parametrize("seed", range(20))
def test_pairs_are_told_apart_as_by_the_adjusted_probabilities_of_holm(seed):
    random = np.random.default_rng(seed)
    models = [quality(fid, 1.0, i) for i, fid in enumerate(random.uniform(0, 8, 6))]
    pairs = combinations(range(len(models)), 2)
    p = {
        (i, j): two_sided(models[i].metrics["fid"].value - models[j].metrics["fid"].value, 2**0.5)
        for i, j in pairs
    }
    assert told_apart(competitors(*models)) == holm(p)


def test_the_correction_steps_down_from_pair_to_pair():
    fids = (0.0, 3.25, 40.0)
    assert LEVEL / 3 < two_sided(3.25, 2**0.5) < LEVEL  # not told apart if all had LEVEL / 3
    rows = [quality(fid, 1.0, i) for i, fid in enumerate(fids)]
    assert told_apart(competitors(*rows)) == {
        (0, 1),
        (0, 2),
        (1, 2),
    }


def test_equal_models_share_their_places_and_a_clear_order_gives_each_its_own():
    assert shown(quality(9.0, 1, 0), quality(9.1, 1, 1), quality(9.2, 1, 2)) == ["1–3"] * 3
    assert shown(quality(1.0, 1, 0), quality(20.0, 1, 1), quality(40.0, 1, 2)) == ["1", "2", "3"]
    assert shown(quality(5.0)) == ["1"] and places([]) == []


def test_who_is_like_both_neighbors_does_not_make_them_alike():
    """A is like B and B like C, but A is better than C."""
    a, b, c = quality(10.0, 1, 0), quality(12.5, 1, 1), quality(15.0, 1, 2)
    assert told_apart(competitors(a, b, c)) == {(0, 2)}
    assert shown(a, b, c) == ["1–2", "1–3", "2–3"]


def test_places_belong_to_their_models_in_whatever_order_they_come():
    models = [quality(40.0, 1, 0), quality(1.0, 1, 1), quality(20.0, 1, 2)]
    assert shown(*models) == ["3", "1", "2"]


def measured_halves(real, fakes, halves):
    """The mean difference of generated and real images as a metric, and of all halves of them."""
    rows = [halves(len(real), seed) for seed in range(1 + len(fakes))]
    for fake, own in zip(fakes, rows[1:], strict=True):
        values = fake[own].mean(1) - real[rows[0]].mean(1)
        yield quality(fake.mean() - real.mean(), halves=values)


@pytest.mark.parametrize(
    "n_models, shift, low, high", [(2, 0.0, 0.03, 0.07), (4, 0.0, 0.03, 0.07), (2, 0.5, 0.88, 0.96)]
)
def test_equal_models_are_told_apart_in_five_percent_of_cases_and_others_mostly(
    n_models, shift, low, high
):
    """Normal images, the real ones with a tenfold spread: it is the same for all models."""
    random = np.random.default_rng(0)
    n_apart = 0
    for _ in range(1000):
        real = random.normal(0, 10, 100)
        fakes = random.normal(0, 1, (n_models, 100))
        fakes[0] += shift
        n_apart += bool(told_apart(competitors(*measured_halves(real, fakes, random_halves))))
    assert low <= n_apart / 1000 <= high


def test_models_with_several_trainings_are_compared_by_these():
    """Images tell them apart, trainings do not: these differ more between each other."""
    close = [quality(fid, 0.1, i) for i, fid in enumerate((10.0, 12.0))]
    assert shown(*close) == ["1", "2"]
    spread = [model([q, quality(q.metrics["fid"].value + 9)]) for q in close]
    assert [str(place) for place in places(spread)] == ["1–2", "1–2"]
    assert told_apart([spread[0], model([close[1]])]) == {(0, 1)}, "one training has no spread"


def test_the_mean_over_trainings_is_the_place():
    lucky = model([quality(1.0), *(quality(30.0 + i) for i in range(4))])
    steady = model([quality(10.0 + i) for i in range(5)])
    assert [str(place) for place in places([lucky, steady])] == ["1–2", "1–2"]
    lucky = model([quality(20.0 + i) for i in range(5)])
    assert [str(place) for place in places([lucky, steady])] == ["2", "1"]
