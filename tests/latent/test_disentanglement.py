"""Disentanglement scores: closed forms, invariances, and independent formulas."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mutual_info_score

from genbench.latent import disentanglement
from genbench.latent.disentanglement import dci, factor_vae, mig, mutual_information, sap, scores

GAPS = ("mig", "sap", "dci_disentanglement", "dci_completeness")  # 0 without information
NAMES = (*GAPS, "dci_informativeness", "factor_vae")
SIZES = (2, 3, 5, 7)
FACTORS = np.stack(np.unravel_index(np.arange(210).repeat(8), SIZES), axis=1)
"""Every combination of four factors of uneven sizes, eight times: (1680, 4)."""
PERFECT = FACTORS.astype(float)
CHANCE = np.mean([1 / size for size in SIZES])  # accuracy of predicting a factor from noise
NOISE = np.random.default_rng(0).normal(size=(len(FACTORS), 9))


@pytest.fixture(autouse=True)
def small_forests(monkeypatch):
    monkeypatch.setattr(disentanglement, "N_TREES", 15)


def test_a_latent_for_each_factor_has_every_score_1():
    assert scores(PERFECT, FACTORS, seed=0) == pytest.approx(dict.fromkeys(NAMES, 1))


@pytest.mark.parametrize("extra", [0, 3, 9])
def test_scores_stay_1_when_latents_are_permuted_and_scaled_and_others_are_noise(extra):
    """But for the information that 1,680 values of noise have by chance.

    In nats that is about 19 (K - 1) / (2 * 1680) of a factor with K values, and the largest of
    `extra` such numbers is taken; of the squared correlation about 1 / 1680.
    """
    order = np.random.default_rng(extra).permutation(4 + extra)
    codes = np.concatenate([PERFECT * [-0.5, 3, 20, 0.9] + [0, -7, 100, 0.1], NOISE[:, :extra]], 1)
    got = scores(codes[:, order], FACTORS, seed=0)
    chance = {"mig": 0.03, "sap": 0.01} if extra else {}
    for name in NAMES:
        assert got[name] == pytest.approx(1, abs=chance.get(name, 1e-9)), name


def test_codes_rotated_at_random_score_low():
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(13, 13)))
    codes = np.concatenate([PERFECT / PERFECT.std(0), NOISE], 1) @ rotation
    got = scores(codes - codes.mean(0), FACTORS, seed=0)
    for name in GAPS:
        assert 0 <= got[name] < 0.25, name
    assert 1 / 4 < got["factor_vae"] < 1  # one latent of each factor is a little ahead
    assert CHANCE < got["dci_informativeness"] < 0.9


def test_factors_mixed_in_equal_shares_have_no_gap():
    """Each latent is a sum of all factors, up to their signs: none has more of one than others.

    Sums of two alone, a + b and a - b, would do; here are four, and latents of noise beside them.
    """
    signs = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    mixed = (PERFECT - PERFECT.mean(0)) / PERFECT.std(0) @ signs
    got = scores(np.concatenate([NOISE[:, :3], mixed], 1), FACTORS, seed=0)
    assert got["mig"] == pytest.approx(0, abs=1e-9) and got["sap"] == pytest.approx(0, abs=1e-9)
    assert got["dci_disentanglement"] == pytest.approx(0, abs=0.05)
    assert got["factor_vae"] == pytest.approx(1 / 4, abs=0.04)  # 4 standard errors


def test_noise_scores_0_or_chance():
    got = scores(NOISE, FACTORS, seed=0)
    for name in GAPS:
        assert got[name] == pytest.approx(0, abs=0.02), name
    assert got["dci_informativeness"] == pytest.approx(CHANCE, abs=0.04)
    assert got["factor_vae"] == pytest.approx(1 / 4, abs=0.04)  # 4 standard errors


def test_a_factor_with_two_equal_latents_has_no_gap():
    """Three factors of four are left; completeness falls by a quarter of log 2 / log 5."""
    codes = np.concatenate([PERFECT, PERFECT[:, 2:3]], 1)
    assert mig(codes, FACTORS) == pytest.approx(3 / 4)
    assert sap(codes, FACTORS) == pytest.approx(3 / 4)
    got = dci(codes, FACTORS, seed=0)
    assert got["disentanglement"] == 1 and got["informativeness"] == 1
    assert got["completeness"] == pytest.approx(1 - np.log(2) / np.log(5) / 4, abs=0.01)


def test_one_latent_for_two_factors_is_complete_and_not_disentangled():
    """Each factor has its gap; a score with its axes swapped would have none."""
    factors = FACTORS[:, 1:3]
    codes = np.stack([factors @ [5, 1], 0 * factors[:, 0], 0 * factors[:, 0]], 1).astype(float)
    assert mig(codes, factors) == pytest.approx(1)
    got = dci(codes, factors, seed=0)
    assert got == pytest.approx({"disentanglement": 0, "completeness": 1, "informativeness": 1})
    assert factor_vae(codes, factors, seed=0) == pytest.approx(1 / 2, abs=0.05)


def test_mutual_information_is_that_of_scikit_learn_on_the_same_bins():
    codes = NOISE + PERFECT[:, [3, 0, 0, 1, 2, 3, 3, 1, 2]]
    got = mutual_information(codes, FACTORS)
    assert got.shape == (9, 4)
    for d, code in enumerate(codes.T):
        bins = np.digitize(code, np.histogram_bin_edges(code, bins=20)[1:-1])
        want = [mutual_info_score(factor, bins) for factor in FACTORS.T]
        np.testing.assert_allclose(got[d], want, atol=1e-12)


def test_mig_is_the_gap_of_entropies_for_a_latent_that_merges_values():
    """Seven separate values, or merged to 2 + 5, on the only two latents of a factor."""
    factor = FACTORS[:, 3]
    codes = np.stack([factor, factor < 2], 1).astype(float)
    want = 1 - entropy([2 / 7, 5 / 7]) / np.log(7)
    assert mig(codes, factor[:, None]) == pytest.approx(want)


def test_sap_is_the_gap_in_the_r2_of_linear_regressions():
    codes = 2 * NOISE + PERFECT[:, [3, 0, 0, 1, 2, 3, 3, 1, 2]]
    gaps = []
    for factor in FACTORS.T:
        models = [LinearRegression().fit(code[:, None], factor) for code in codes.T]
        r2 = [m.score(c[:, None], factor) for m, c in zip(models, codes.T, strict=True)]
        gaps.append(np.sort(r2)[-1] - np.sort(r2)[-2])
    assert sap(codes, FACTORS) == pytest.approx(np.mean(gaps))


def test_dci_weighs_importance_as_the_paper_does(monkeypatch):
    importance = np.random.default_rng(2).dirichlet(np.ones(6), size=4).T  # D = 6, F = 4
    monkeypatch.setattr(disentanglement, "_forests", lambda *_: (importance, 0.5))
    got = dci(NOISE, FACTORS, seed=0)
    of_latents = 1 - entropy(importance, axis=1, base=4)
    of_factors = 1 - entropy(importance, axis=0, base=6)
    assert got["disentanglement"] == pytest.approx(
        np.average(of_latents, weights=importance.sum(1))
    )
    assert got["completeness"] == pytest.approx(of_factors.mean())


def test_inactive_latents_have_no_vote():
    """The bound is a variance of 0.01: just below it even a perfect latent is left out."""
    codes = PERFECT / PERFECT.std(0)
    assert factor_vae(0.1001 * codes, FACTORS, seed=0) == 1
    assert factor_vae(0.0999 * codes, FACTORS, seed=0) == 0
    one = factor_vae(codes * [0.0999, 1, 1, 1], FACTORS, seed=0)
    assert one == pytest.approx(3 / 4, abs=0.04)  # its factor's votes go elsewhere


def test_votes_do_not_depend_on_the_scale_of_latents():
    codes = PERFECT / PERFECT.std(0) + 0.3 * NOISE[:, :4]
    value = factor_vae(codes, FACTORS, seed=0)
    assert factor_vae(codes * [1, 30, 0.3, -5], FACTORS, seed=0) == value > 0.9


def test_votes_are_predicted_from_others(monkeypatch):
    """The first latent says the second factor, the other one the first: 3 + 7 of 18 are right."""
    tables = iter([np.array([[1, 5], [6, 2]]), np.array([[4, 3], [7, 4]])])
    monkeypatch.setattr(disentanglement, "_votes", lambda *_: next(tables))
    assert factor_vae(PERFECT[:, :2], FACTORS[:, :2], seed=0) == pytest.approx(10 / 18)


def test_constant_codes_score_0_and_predict_the_most_frequent_value():
    got = scores(np.full((len(FACTORS), 3), 0.1), FACTORS, seed=0)
    others = {name: got[name] for name in NAMES if name != "dci_informativeness"}
    assert others == pytest.approx(dict.fromkeys(others, 0), abs=1e-12)
    assert got["dci_informativeness"] == pytest.approx(CHANCE, abs=0.04)


def test_a_constant_latent_or_factor_changes_nothing():
    codes = np.concatenate([NOISE[:, :2] + PERFECT[:, 1:3], np.full((len(NOISE), 1), 0.1)], 1)
    factors = np.concatenate([FACTORS, np.full((len(FACTORS), 1), 3)], 1)
    for score in (mig, sap):
        assert score(codes, factors) == pytest.approx(score(codes[:, :2], FACTORS))
    assert factor_vae(codes, factors, 0) == factor_vae(codes[:, :2], FACTORS, 0)


def test_the_same_seed_gives_the_same_scores():
    codes = (NOISE[:, :5] + PERFECT[:, [3, 0, 0, 1, 2]])[::4]
    first, again, other = (scores(codes, FACTORS[::4], seed) for seed in (0, 0, 1))
    assert first == again != other and tuple(first) == NAMES
    assert all(isinstance(value, float) and 0 <= value <= 1 for value in first.values())


@pytest.mark.parametrize(
    "codes, factors, line",
    [
        (NOISE[:5], FACTORS, r"got \(5, 9\) and \(1680, 4\)"),
        (NOISE, FACTORS[:, 0], r"got \(1680, 9\) and \(1680,\)"),
        (np.where(NOISE > 2, np.nan, NOISE), FACTORS, "codes must be finite"),
        (NOISE, PERFECT, "factors must be whole numbers from 0 on"),
        (NOISE, FACTORS * 0, "no factor has more than one value"),
    ],
)
def test_what_cannot_be_scored_is_an_error(codes, factors, line):
    with pytest.raises(ValueError, match=line):
        scores(codes, factors, seed=0)
