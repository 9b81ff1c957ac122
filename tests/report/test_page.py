import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import fabricated
import numpy as np
import pytest
from page import Page
from variants import with_reference

from genbench import params
from genbench.anomaly.results import DetectionResults
from genbench.report import page as report_page
from genbench.report import vega
from genbench.report.chapters import training
from genbench.report.page import save_report
from genbench.results.run import collect
from genbench.training.results import Selection
from genbench.utils import files
from genbench.utils.errors import InputError

STAGE = Path(__file__).parents[2] / "stages" / "report.py"


def write(root, choices):
    folders = fabricated.tree(root, datasets=choices.datasets)
    save_report(choices, collect(choices, *folders), root / "reports")
    return root / "reports"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("report"), fabricated.params())


@pytest.fixture(scope="module")
def page(folder):
    return Page(folder / "index.html")


def test_every_link_leads_to_a_file_of_the_folder_or_a_part_of_the_page(folder, page):
    assert len(page.links) > 100
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (folder / unquote(link)).is_file(), link
            assert ".." not in link and not link.startswith(("/", "file:", "http"))


def test_every_picture_of_the_folder_is_shown(folder, page):
    there = {str(p.relative_to(folder)) for p in (folder / "figures").rglob("*") if p.is_file()}
    text = (folder / "index.html").read_text(encoding="utf-8")
    sheets = {unquote(link) for link in re.findall(r'"sprite":{"src":"([^"]+)"', text)}
    assert len(sheets) == 2 * 2
    assert there == sheets | {unquote(link) for link in page.links if not link.startswith("#")}


@pytest.mark.usefixtures("undrawn")
def test_one_file_holds_all_that_the_page_shows_if_asked_for(tmp_path, page):
    choices = fabricated.params(datasets=["digits"], report={"single_file": True})
    whole = Page(write(tmp_path, choices) / "index.html")
    assert {link[:5] for link in whole.links if not link.startswith("#")} == {"data:"}
    text = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    sheets = json.loads(re.search(r'id="sheets">(.*?)</script>', text)[1])
    assert set(re.findall(r'"(figures/[^"]+)"', text)) == set(sheets)  # each embedded once
    assert all(text.count(data) == 1 for data in sheets.values())


@pytest.mark.usefixtures("undrawn")
def test_samples_stand_above_the_hyperparameters_of_their_model(tmp_path):
    choices = fabricated.params(datasets=["digits"], zoo={"vae": {"lr": 0.125, "draws": 3}})
    text = Page(write(tmp_path, choices) / "index.html").text
    assert text.count("FID 7.50, averaged weights; lr 0.125; draws 3") == 1
    assert text.count("; lr ") == 1


def test_ids_are_unique(page):
    assert len(page.ids) == len(set(page.ids))


def test_names_of_users_are_text_and_never_markup(page):
    for name in ("Käfer", fabricated.OOD, "class <b>0</b> & more", "as they <i>are</i>"):
        assert name in page.text


def test_a_warning_stands_in_the_ranking_and_at_the_models_curves(page):
    (line,) = fabricated.ALARMS["gan"]
    assert page.text.count(line) == 2 * len(fabricated.SIDES)


def test_a_model_is_shown_only_where_it_has_something_to_show(folder):
    shown = {p.parent.name for p in folder.rglob("reconstructions.png")}
    assert shown == {"vae"}
    assert len(list(folder.rglob("interpolation_slerp.png"))) == 2 * len(fabricated.MODELS)


def test_losses_of_players_share_a_chart_and_validation_is_its_players_dashed_line(tmp_path):
    folders = fabricated.tree(tmp_path, datasets=["digits"])
    (results,) = collect(fabricated.params(datasets=["digits"]), *folders)
    gan, wgan, vae = (training.panels(results.models[i].training.curves) for i in (0, 2, 3))
    lines = {part: [(n.label, n.color, n.dashed) for n in gan[part]] for part in gan}
    first, second = vega.palette(2)
    players = [
        ("discriminator", first, False),
        ("generator", second, False),
        ("discriminator", first, True),
    ]
    assert lines["loss"] == players
    assert lines["probability"] == [
        ("real images", first, False),
        ("generated images", second, False),
        ("real images", first, True),
        ("generated images", second, True),
    ]
    assert lines.keys() == {"loss", "probability"}
    real = [curve for curve in results.models[0].training.curves if curve.part == "real"]
    assert [line.y for line in gan["probability"] if line.label == "real images"] == [
        curve.values for curve in real
    ]
    assert wgan.keys() == {"loss", "earth_movers_distance", "clip_saturation"}
    diagnostics = {"active_units", "diversity"}
    assert vae.keys() == {"loss", "reconstruction", "kl", "kl_layers"} | diagnostics
    assert [(n.label, n.color) for n in vae["kl_layers"]] == [
        ("layer 1", first),
        ("layer 2", second),
    ]
    assert [(n.label, n.color, n.dashed) for n in vae["kl"]] == [
        ("model", first, False),
        ("model", first, True),
    ]


@pytest.mark.usefixtures("undrawn")
def test_two_datasets_have_a_table_across_them_and_one_has_not(page, tmp_path):
    assert "All datasets" in page.text
    results = collect(fabricated.params(), *fabricated.tree(tmp_path / "tree"))
    table = report_page._overview(results)
    assert [metric.label for metric in table.metrics] == list(fabricated.SIDES)
    for line in table.rows:
        for cell, each in zip(line.cells, results, strict=True):
            (model,) = (m for m in each.models if m.model == line.row.name)
            assert cell.value == model.quality.metrics["fid"].value
    choices = fabricated.params(datasets=["digits"], models=["gan"])
    text = Page(write(tmp_path, choices) / "index.html").text
    assert "All datasets" not in text
    assert "dcgan" not in text


def test_a_dataset_whose_distance_means_nothing_is_gray_in_the_table_across_datasets(tmp_path):
    first, second = collect(fabricated.params(), *fabricated.tree(tmp_path))
    table = report_page._overview([with_reference(first, fid=(3.1, 3.2)), second])
    gray, plain = table.metrics
    assert "noise has 3.200" in gray.caveat and plain.caveat is None
    assert [line.row.name for line in table.rows if line.cells[0].best] == []
    assert [line.row.name for line in table.rows if line.cells[1].best] == ["vae"]


@pytest.mark.usefixtures("undrawn")
def test_where_the_distance_means_nothing_ranking_and_sweep_say_so(tmp_path):
    choices = fabricated.params(datasets=["digits"])
    (results,) = collect(choices, *fabricated.tree(tmp_path, datasets=["digits"]))
    save_report(choices, [with_reference(results, fid=(3.1, 3.2))], tmp_path / "reports")
    text = Page(tmp_path / "reports" / "index.html").text
    reason = "It means nothing here: noise has 3.200, real images 3.100."
    assert text.count(f"No ranking by FID. {reason}") == 2
    assert text.count(reason) == 2 + 3  # below the ranking and both tables of points
    assert "lowest FID" not in text and "FID is lowest" not in text


@pytest.mark.usefixtures("undrawn")
def test_a_dataset_of_one_class_has_a_page_that_says_nothing_of_classes(tmp_path, monkeypatch):
    monkeypatch.setitem(fabricated.SIDES, "digits", (1, 8, 1))
    text = Page(write(tmp_path, fabricated.params(datasets=["digits"])) / "index.html").text
    assert "slightly blurred" in text and "one class left out" not in text
    assert "No verdict" not in text and "Classes are missing" not in text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("copies", ["", "3 of 60 images are copies of others."])
def test_copies_in_a_dataset_stand_after_its_sizes_where_there_are_any(tmp_path, copies):
    choices = fabricated.params(datasets=["digits"])
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    path = data / "processed" / "digits.npz"
    if copies:
        files.save_npz(path, **files.load_arrays(path), copies=np.array(copies))
    save_report(choices, collect(choices, data, details), tmp_path / "reports")
    text = Page(tmp_path / "reports" / "index.html").text
    assert f"in {len(fabricated.class_names('digits'))} classes. {copies}".strip() + "\n" in text


def test_the_same_results_give_the_same_bytes_wherever_they_lie(tmp_path):
    def digest(folder):
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        named = [str(p.relative_to(folder)).encode() + p.read_bytes() for p in files]
        return hashlib.sha256(b"".join(named)).hexdigest()

    choices = fabricated.params(datasets=["Käfer"], models=["wgan", "vae"])
    assert digest(write(tmp_path / "a", choices)) == digest(write(tmp_path / "b", choices))


@pytest.mark.usefixtures("undrawn")
def test_models_without_scores_and_a_missing_sweep_leave_no_empty_chapters(tmp_path):
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    for model in fabricated.MODELS:
        nothing = DetectionResults(detections=[])
        nothing.save(details / "anomaly" / "digits" / model / "metrics.json")
    sweep = fabricated.TREE["sweep"] | {"models": [], "beta": []}
    choices = fabricated.params(datasets=["digits"], sweep=sweep)
    save_report(choices, collect(choices, data, details), tmp_path / "reports")
    text = Page(tmp_path / "reports" / "index.html").text
    assert "No model has an anomaly score." in text
    assert "Out-of-distribution detection" not in text and "Sweep" not in text


@pytest.mark.usefixtures("undrawn")
def test_the_stage_replaces_an_earlier_report_or_leaves_it_alone(tmp_path, monkeypatch):
    import runpy

    main = runpy.run_path(str(STAGE))["main"]
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    choices = fabricated.params(datasets=["digits"], models=["gan"])
    monkeypatch.setattr(params, "load", lambda: choices)
    out, summary = tmp_path / "reports", tmp_path / "summary.json"
    (out / "figures").mkdir(parents=True)
    (out / "figures" / "ghost.svg").write_text("of an earlier run")
    (out / "README.md").write_text("tracked by git")

    metrics = details / "reference" / "digits" / "metrics.json"
    metrics.rename(tmp_path / "elsewhere.json")
    with pytest.raises(InputError, match="reference/digits/metrics.json is missing"):
        main(data=data, details=details, summary=summary, out=out)
    assert sorted(path.name for path in out.rglob("*")) == ["README.md", "figures", "ghost.svg"]
    assert not summary.exists()

    (tmp_path / "elsewhere.json").rename(metrics)
    main(data=data, details=details, summary=summary, out=out)
    assert {path.name for path in out.iterdir()} == {"README.md", "index.html", "figures", "plots"}
    assert not (out / "figures" / "ghost.svg").exists()
    assert files.load_json(summary)["digits"]["gan"]["fid_classifier"] == 30


@pytest.mark.usefixtures("undrawn")
def test_an_interruption_leaves_the_earlier_report_whole(tmp_path, monkeypatch):
    choices = fabricated.params(datasets=["digits"], models=["gan"])
    out = write(tmp_path, choices)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def interrupt(folder, results):
        folder.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(report_page, "save_plots", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, choices)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_the_report_imports_nothing_slow():
    slow = "{'torch', 'torchvision', 'torchmetrics', 'sklearn', 'mlflow', 'matplotlib'}"
    modules = "genbench.report.page, genbench.results.summary, genbench.params"
    code = f"import sys, {modules}; print({slow} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_what_models_were_trained_on_and_which_weights_were_kept_is_said(results):
    best = Selection(
        images=40000, n=1000, val_fid=12.1, test_fid=14.0, last_val_fid=13.0, last_test_fid=14.5
    )
    first, *others = results.models
    summary = first.training.summary.model_copy(update={"selection": best})
    chosen = replace(first, training=replace(first.training, summary=summary))
    results = replace(results, models=[chosen, *others])
    choices = fabricated.params(split=fabricated.TREE["split"] | {"train": 5})

    trainings = {result.model: result.training for result in results.models}
    notes = training._notes(trainings, results, choices)
    assert notes == [
        f"Models were trained on 5 of the {results.classifier.n_train} training images; the"
        " classifier and the references have them all.",
        f"{first.model}: weights after 40,000 images, whose FID on validation images was the"
        " lowest, 12.1 (the last weights: 13.0); on test images 14.0 (the last: 14.5). 1,000"
        " generated images, in the classifier's features.",
    ]
