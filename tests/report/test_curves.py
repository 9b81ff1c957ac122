import fabricated
import numpy as np
import pytest

from genbench.report import curves, results
from genbench.utils import files


@pytest.fixture
def scores():
    random = np.random.default_rng(0)
    return random.integers(0, 9, 70), random.integers(2, 12, 50)  # many ties


def test_the_area_under_a_roc_curve_is_the_share_of_ordered_pairs_ties_counting_half(scores):
    normal, strange = scores
    pairs = np.sign(strange[:, None] - normal[None, :])
    false, true = curves.roc(normal, strange)
    assert np.trapezoid(true, false) == pytest.approx((pairs.mean() + 1) / 2)


def test_roc_agrees_with_scikit_learn(scores):
    from sklearn.metrics import roc_curve

    truth = np.repeat([0, 1], [len(s) for s in scores])
    want = roc_curve(truth, np.concatenate(scores), drop_intermediate=False)
    np.testing.assert_allclose(curves.roc(*scores), want[:2])


def test_roc_of_separate_scores_goes_through_the_corner():
    false, true = curves.roc(np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    assert [0, 1] in np.stack([false, true], 1).tolist()


@pytest.mark.parametrize("shift", [-9, 0, 1, 9])
def test_a_thinned_curve_keeps_its_ends_and_nearly_its_area(shift):
    random = np.random.default_rng(0)
    whole = curves.roc(random.normal(size=3000), random.normal(size=2000) + shift)
    false, true = curves.thin(*whole, 100)
    assert len(false) <= 100
    assert {*zip(false, true, strict=True)} <= {*zip(*whole, strict=True)}
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    area = np.trapezoid(whole[1], whole[0])
    assert np.trapezoid(true, false) == pytest.approx(area, abs=0.01)


def test_corrupted_images_of_all_kinds_are_one_set_of_the_main_score(tmp_path):
    studies = results.collect(fabricated.params(), *fabricated.tree(tmp_path))
    vae = studies[0].results[3]
    sets = curves.scores(vae)
    with np.load(vae.scores) as file:
        kinds = [file[f"corrupted-{kind}/negative_elbo"] for kind in ("noise", "blur")]
    np.testing.assert_array_equal(sets["corrupted"], np.concatenate(kinds))
    partners = {f"ood-{name}" for name in (fabricated.PARTNER, "noise")}
    assert sets.keys() == {"test", "val", "corrupted"} | partners


def test_plot_tables_have_the_numbers_that_the_stages_wrote(tmp_path):
    data, metrics = fabricated.tree(tmp_path, datasets=["digits"])
    p = fabricated.params(datasets=["digits"], models=["vae"])
    curves.save(tmp_path / "plots", results.collect(p, data, metrics))
    history = files.load_csv(metrics / "train" / "digits" / "vae" / "history.csv")
    lines = (tmp_path / "plots" / "losses.csv").read_text().splitlines()
    assert lines[0] == "dataset,model,part,images,value"
    assert len(lines) == 1 + len(history) * (len(history[0]) - 1)
    assert f"digits,vae,val/kl,1500.0,{history[0]['val/kl']}" in lines
    sweep = (tmp_path / "plots" / "sweep.csv").read_text().splitlines()
    assert len(sweep) == 1 + 4 and sweep[0].startswith("dataset,")
