"""What the report says of several trainings of each model."""

import shutil
from dataclasses import replace
from itertools import combinations

import fabricated
import numpy as np
import pytest

from genbench.report.chapters import ranking, seeds, training
from genbench.report.findings import quality
from genbench.report.findings.seeds import failed_seeds, seeds_findings, undecided
from genbench.report.formatting import DASH
from genbench.report.gallery import Gallery
from genbench.report.tables import column_texts
from genbench.results.detail_metrics import PAIRS
from genbench.results.places import told_apart
from genbench.results.run import collect
from genbench.results.trainings import compare, over_trainings, spread, trainings_needed

PARAMS = fabricated.params(datasets=["digits"], seeds=[0, 1, 2])
ALARM = "mode collapse: all alike; at 60,000 images, still at the end"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folders = fabricated.tree(tmp_path_factory.mktemp("seeds"), datasets=["digits"])
    for model in fabricated.MODELS:
        for seed, shift in ((1, 2.0), (2, -1.0)):
            alarms = [ALARM] if (model, seed) == ("dcgan", 2) else []
            fabricated.replicate(*folders, "digits", model, seed, shift, alarms)
    return folders


@pytest.fixture(scope="module")
def trained(folders):
    return collect(PARAMS, *folders)[0]


@pytest.fixture
def gallery(tmp_path, undrawn):
    return Gallery(tmp_path / "figures", "digits", 8)


def by_model(results):
    return {result.model: result for result in results.models}


def test_one_training_each_has_no_such_chapter(folders, gallery):
    params = fabricated.params(datasets=["digits"])
    (results,) = collect(params, *folders)
    assert seeds.seeds_chapter(results, params, gallery) is None


def test_a_row_has_the_numbers_of_its_trainings(trained, gallery):
    chapter = seeds.seeds_chapter(trained, PARAMS, gallery)
    rows = {row.row.name: row.row.values for row in chapter["spreads"].rows}
    for model, result in by_model(trained).items():
        fids = result.values("fid")
        over = over_trainings(fids)
        assert rows[model]["mean"] == over.mean and rows[model]["n_trainings"] == 3
        assert rows[model]["lowest"] == min(fids) and rows[model]["highest"] == max(fids)
        halves = [each.quality.halves["fid"] for each in result.trainings]
        assert rows[model]["of_training"] == spread(fids, halves).training


def test_every_pair_has_its_difference_and_its_chance(trained, gallery):
    chapter = seeds.seeds_chapter(trained, PARAMS, gallery)
    rows = {row.row.name: row.row for row in chapter["pairs"].rows}
    assert len(rows) == 6
    models = by_model(trained)
    comparison = compare(models["vae"].values("fid"), models["gan"].values("fid"))
    row = rows["vae and gan"]
    assert row.values["difference"] == comparison.difference and comparison.difference.value < 0
    assert row.values["chance"] == comparison.probability and row.detail == ""
    assert row.values["needed"] is None
    assert rows["vae and wgan"].detail == "not told apart" and rows["vae and wgan"].values["needed"]


def test_sentences_say_what_three_trainings_cannot_say(trained):
    text = " ".join(seeds_findings(trained.by_protocol()[0]))
    assert "With 3 trainings of each model no rank test could tell any two apart" in text
    assert (
        "In a new training of each, vae would have a lower FID than wgan with a chance of" in text
    )


def test_what_did_not_tell_them_apart_is_not_said_to_be_enough(trained):
    pairs = undecided(trained.by_protocol()[0])
    assert pairs and all(n is None or n > 3 for _, _, n in pairs)


def test_a_pair_is_told_apart_here_as_in_the_ranking(trained, gallery):
    """Where a model has one training left its pairs count as well: Holm's correction is for all."""
    *others, last = trained.by_protocol()[0]
    models = [*others, replace(last, replicates=[])]
    chapter = seeds.seeds_chapter(replace(trained, models=models), PARAMS, gallery)
    needed = {row.row.name: row.row.values["needed"] for row in chapter["pairs"].rows}
    apart = {(models[i].model, models[j].model) for i, j in told_apart(models)}
    assert len(needed) == 3 and None in needed.values() and any(needed.values())
    for a, b in combinations(others, 2):
        n = trainings_needed(a.values("fid"), b.values("fid"), n_pairs=6)
        want = None if (a.model, b.model) in apart else max(n, 4)
        assert needed[f"{a.model} and {b.model}"] == want


def test_of_many_pairs_that_are_not_told_apart_one_sentence_has_the_ends(trained):
    """Thirteen models have 78 pairs; a sentence for each undecided one would bury the rest."""
    best, *others = trained.by_protocol()[0]
    models = [replace(best, model="twin"), best, *others]
    rows = undecided(models)
    (line,) = [line for line in seeds_findings(models) if "pairs of models" in line]
    assert line.startswith(f"{len(rows)} of 10 pairs of models are not told apart.")
    needed = sorted((n, a.model, b.model) for a, b, n in rows if n)
    (few, *_), (many, a, b) = needed[0], needed[-1]
    assert f" {few} of each would tell " in line and f", and {many:,} {a} and {b} (" in line
    assert "For 1 a thousand would not be enough." in line


def test_a_small_p_is_not_shown_as_none():
    (metric,) = (metric for metric in PAIRS if metric.key == "p")
    assert column_texts(metric, [3e-28, 0.34, None]) == ["3e-28", "0.34", DASH]


def test_charts_have_all_trainings_and_all_pairs(trained, gallery):
    figures = seeds.seeds_chapter(trained, PARAMS, gallery)["charts"]
    cells = figures[0].spec["data"]["values"]
    pairs = {(cell["row"], cell["column"]): cell["value"] for cell in cells}
    for (a, b), chance in pairs.items():
        assert (chance is None) if a == b else chance == pytest.approx(1 - pairs[b, a], abs=1e-5)
    shares = figures[1].spec["data"]["values"]
    for model in fabricated.MODELS:
        own = [row["share"] for row in shares if row["name"] == model]
        assert sum(own) == pytest.approx(1)
    chapter = ranking.ranking_chapter(trained, PARAMS, gallery)
    points = chapter["chart"].spec["data"]["values"]
    for model, result in by_model(trained).items():
        single = [row["value"] for row in points if row["name"] == model and "is_training" in row]
        assert single == pytest.approx(result.values("fid"))


def test_the_ranking_says_on_how_many_trainings_it_stands(trained, gallery):
    lines = quality.ranking_findings(trained, PARAMS)
    assert lines[-1].startswith("Numbers are means over 3 trainings of each model;")
    table = ranking.ranking_chapter(trained, PARAMS, gallery)["rankings"][0][1]
    assert {row.row.detail for row in table.rows} == {"3 trainings"}


def test_warnings_are_counted(trained, gallery):
    lines = quality.ranking_findings(trained, PARAMS)
    assert "Warning in 1 of 3 trainings of dcgan: mode collapse." in lines
    chapter = training.training_chapter(trained, PARAMS, gallery)
    assert "Warning in 1 of 3 trainings of dcgan: mode collapse." in chapter["warnings"]


def test_bands_span_all_trainings(trained):
    for result in trained.models:
        curves = [each.training.curves for each in result.trainings]
        bands = training._bands(curves[0], curves[1:])
        for first, *others in zip(*curves, strict=True):
            values = np.array([first.values, *(other.values for other in others)])
            low, high = bands[first.player, first.part]
            assert np.array_equal(low, values.min(0)) and np.array_equal(high, values.max(0))


def test_a_seed_without_results_is_a_sentence(folders, gallery, tmp_path):
    data = shutil.copytree(folders[0], tmp_path / "data")
    details = shutil.copytree(folders[1], tmp_path / "details")
    fabricated.diverge(data, details, "digits", "gan-1")
    (results,) = collect(PARAMS, data, details)
    (line,) = failed_seeds(by_model(results)["gan"])
    assert line == (
        "gan, seed 1, failed after 3,000 images: model/loss not finite. No number holds it."
    )
    assert line in seeds.seeds_chapter(results, PARAMS, gallery)["findings"]
    assert "but of gan 2" in quality.ranking_findings(results, PARAMS)[-1]
