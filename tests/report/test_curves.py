import fabricated
import numpy as np
import pytest

from genbench.anomaly.results import SCORES, load_scores
from genbench.report import curves
from genbench.report.plots import save_plots
from genbench.results.run import collect
from genbench.utils import files


@pytest.fixture
def scores():
    random = np.random.default_rng(0)
    return random.integers(0, 9, 70), random.integers(2, 12, 50)  # many ties


def test_the_area_under_a_roc_curve_is_the_share_of_ordered_pairs_ties_counting_half(scores):
    scores_in, scores_out = scores
    pairs = np.sign(scores_out[:, None] - scores_in[None, :])
    false, true = curves.roc(scores_in, scores_out)
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
def test_a_thinned_curve_has_the_same_ends_and_nearly_the_same_area(shift):
    random = np.random.default_rng(0)
    whole = curves.roc(random.normal(size=3000), random.normal(size=2000) + shift)
    false, true = curves.thin(*whole, 100)
    assert len(false) <= 100
    assert {*zip(false, true, strict=True)} <= {*zip(*whole, strict=True)}
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    area = np.trapezoid(whole[1], whole[0])
    assert np.trapezoid(true, false) == pytest.approx(area, abs=0.01)


def test_all_corruptions_are_one_set_of_the_main_score(tmp_path):
    results = collect(fabricated.params(), *fabricated.tree(tmp_path))
    vae = results[0].models[3]
    sets = {(s.kind, s.name): s.scores for s in load_scores(vae.paths["anomaly"] / SCORES)}
    corrupted = [sets["corruption", name]["negative_elbo"] for name in ("noise", "blur")]
    found = curves.anomalous_scores(vae, "corruptions", "all")
    np.testing.assert_array_equal(found, np.concatenate(corrupted))
    expected = {(kind, name) for kind, name, _ in fabricated.SETS}
    assert vae.main_scores.keys() == sets.keys() == expected


def test_scores_are_read_once_per_model(tmp_path, monkeypatch):
    from genbench.anomaly import results as anomaly

    paths = []
    load = anomaly.load_scores
    monkeypatch.setattr(anomaly, "load_scores", lambda path: (paths.append(path), load(path))[1])
    params = fabricated.params(datasets=["digits"])
    results = collect(params, *fabricated.tree(tmp_path, datasets=["digits"]))
    for result in results[0].models:
        for kind, name in (("corruptions", "all"), ("ood", "noise"), ("ood", fabricated.OOD)):
            assert curves.detection_curve(result, kind, name) is not None
    assert len(paths) == len(set(paths)) == len(fabricated.MODELS)


def test_plot_tables_have_the_numbers_that_the_stages_wrote(tmp_path):
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    params = fabricated.params(datasets=["digits"], models=["vae"])
    save_plots(tmp_path / "plots", collect(params, data, details))
    history = files.load_csv(data / "models" / "digits" / "vae" / "history.csv")
    lines = (tmp_path / "plots" / "losses.csv").read_text().splitlines()
    assert lines[0] == "dataset,model,part,images,value"
    assert len(lines) == 1 + len(history) * (len(history[0]) - 1)
    assert f"digits,vae,val/kl,1500.0,{history[0]['val/kl']}" in lines
    sweep = (tmp_path / "plots" / "sweep.csv").read_text().splitlines()
    assert len(sweep) == 1 + 4 and sweep[0].startswith("dataset,")


@pytest.mark.parametrize("name", ["losses", "roc", "sweep", "tsne"])
def test_a_plot_template_asks_for_columns_that_its_table_has(name, tmp_path):
    import json
    from pathlib import Path

    import yaml

    root = Path(__file__).parents[2]
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    save_plots(tmp_path, collect(fabricated.params(datasets=["digits"]), data, details))
    header = (tmp_path / f"{name}.csv").read_text().splitlines()[0].split(",")
    plots = [
        plot
        for each in yaml.safe_load((root / "dvc.yaml").read_text())["plots"]
        for plot in each.values()
    ]
    (plot,) = (p for p in plots if f"reports/plots/{name}.csv" in p["y"])
    assert {plot["x"], plot["y"][f"reports/plots/{name}.csv"]} <= set(header)
    template = json.loads((root / f".dvc/plots/{plot['template']}.json").read_text())

    def fields(tree):
        if isinstance(tree, dict):
            own = {tree["field"]} if isinstance(tree.get("field"), str) else set()
            return own.union(*map(fields, tree.values()))
        return set().union(*map(fields, tree)) if isinstance(tree, list) else set()

    dvc = {"rev", "where", "<DVC_METRIC_X>", "<DVC_METRIC_Y>"}
    assert fields(template) - dvc <= set(header)
