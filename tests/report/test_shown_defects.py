"""What the report, the summary and MLflow show of defects is what was measured of them."""

import csv

import fabricated
import numpy as np
import pytest
from page import Page
from test_shown import DECISIONS, DETECTION, Tables, as_grid, check_row

from genbench.anomaly.detection import detection_results
from genbench.anomaly.results import SetScores, load_scores, save_scores
from genbench.report import curves
from genbench.report.page import save_report
from genbench.results.run import collect
from genbench.results.summary import summarize
from genbench.tracking.details import model_rows
from genbench.utils import files

SIZES = {"bent_wire": 9, "crack <b>": 14}


def add_defects(data, details):
    """The scores of the tree with those of defects beside them, and what follows from them."""
    path = data / "processed" / "digits.npz"
    arrays = files.load_arrays(path)
    arrays["defect_names"] = np.array(list(SIZES))
    arrays |= {f"defect_{name}_x": arrays["test_x"][:n] for name, n in SIZES.items()}
    files.save_npz(path, **arrays)
    random = np.random.default_rng(1)
    for folder in (details / "baselines" / "digits", *(details / "anomaly" / "digits").iterdir()):
        sets = list(load_scores(folder / "scores.npz"))
        for name, n in SIZES.items():
            scores = {score: random.normal(1, 1, n) for score in sets[0].scores}
            sets.append(SetScores("defect", name, scores))
        save_scores(folder / "scores.npz", sets)
        detection_results(sets, 0.95).save(folder / "metrics.json")


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    root = tmp_path_factory.mktemp("defects")
    folders = fabricated.tree(root, datasets=["digits"])
    add_defects(*folders)
    params = fabricated.params(datasets=["digits"])
    results = collect(params, *folders)
    save_report(params, results, root / "reports")
    return results[0], root / "reports"


def tables(shown):
    text = (shown[1] / "index.html").read_text(encoding="utf-8")
    return [as_grid(table)[1] for table in Tables(text).tables]


def sources(results):
    """Names of rows, and the detections that they show."""
    named = [("", results.baselines), *((f"{r.model} ", r.detection) for r in results.models)]
    for start, detections in named:
        for score in detections.by_score("defects"):
            yield start + score.replace("_", " "), score, detections


def test_every_score_has_a_row_for_all_defects_together_and_one_for_each(shown):
    results, _ = shown
    together, *_ = [t for t in tables(shown) if "TP" in next(iter(t.values()))]
    (each,) = [t for t in tables(shown) if "bent_wire (9)" in next(iter(t.values()))]
    names = [name for name, *_ in sources(results)]
    assert len(names) == 6 and list(together) == list(each)
    for name, score, detections in sources(results):
        pooled = detections.by_score("defects", "all")[score].model_dump()
        assert check_row(together[name], DETECTION, pooled) == 4
        assert check_row(together[name], DECISIONS, pooled["decisions"]) == len(DECISIONS)
        for defect, n in SIZES.items():
            row = detections.by_score("defect", defect)[score]
            assert row.n_out == n
            assert each[name][f"{defect} ({n})"]["value"] == row.auroc.value


def test_the_page_says_which_defects_there_are_and_which_scores_find_them(shown):
    text = " ".join(Page(shown[1] / "index.html").text.split())
    assert "23 more images show defects (bent_wire, crack <b>); nothing is trained on them." in text
    assert "; with defects: bent_wire, crack <b>." in text
    assert "images of defects" in text and "The lowest AUROC at best is that for " in text


def test_the_main_score_against_all_defects_is_a_headline_and_a_column(shown):
    results, _ = shown
    summary = summarize([results])["digits"]
    (columns,) = [t for t in tables(shown) if "defect AUROC" in next(iter(t.values()))]
    for result in results.models:
        value = result.detection.main("defects", "all").auroc.value
        assert summary[result.model]["defect_auroc"] == value
        assert columns[result.model]["defect AUROC"]["value"] == value


def test_curves_and_histograms_are_of_all_defects_together(shown):
    results, folder = shown
    for result in results.models:
        scores = [result.main_scores["defect", name] for name in SIZES]
        together = curves.anomalous_scores(result, "defects", "all")
        assert np.array_equal(together, np.concatenate(scores))
        assert (folder / "figures" / "digits" / result.model / "scores-defects.svg").exists()
        with (folder / "plots" / "roc.csv").open(encoding="utf-8") as file:
            rows = [r for r in csv.DictReader(file) if r["against"] == "all defects"]
        points = [
            tuple(float(r[f"{kind}_positive_rate"]) for kind in ("false", "true"))
            for r in rows
            if r["model"] == result.model
        ]
        false, true = zip(*points, strict=True)
        auroc = result.detection.main("defects", "all").auroc.value
        assert np.trapezoid(true, false) == pytest.approx(auroc, abs=0.01)


def test_details_in_mlflow_have_every_defect_and_every_score(shown):
    (vae,) = (result for result in shown[0].models if result.model == "vae")
    rows = {(row.group, row.metric): row.value for row in model_rows(vae, None)}
    for score in ("negative_elbo", "kl"):
        for kind, name in (("defects", "all"), *(("defect", name) for name in SIZES)):
            detection = vae.detection.by_score(kind, name)[score]
            assert rows[f"{kind}/{name}/{score}", "auroc"] == detection.auroc.value
            assert rows[f"{kind}/{name}/{score}", "tp"] == detection.decisions.tp


def test_details_in_mlflow_have_the_pixel_auroc(results):
    (vae,) = (result for result in results.models if result.model == "vae")
    rows = {(row.group, row.metric): row for row in model_rows(vae, None)}
    (found,) = vae.detection.localizations
    row = rows["corruption/occlusion/pixels", "auroc"]
    assert (row.value, row.low, row.high) == tuple(found.auroc.model_dump().values())


@pytest.mark.usefixtures("undrawn")
def test_a_report_without_defects_does_not_mention_them(results, tmp_path):
    save_report(fabricated.params(datasets=["digits"]), [results], tmp_path)
    assert "defect" not in Page(tmp_path / "index.html").text
