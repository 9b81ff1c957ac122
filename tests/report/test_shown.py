"""Every number on the page, in its charts and in the plots is the one of the right record."""

import html
import json
import re
from html.parser import HTMLParser

import fabricated
import numpy as np
import pytest
from PIL import Image
from scipy.stats import norm

from genbench.anomaly.results import load_scores
from genbench.report import charts, vega
from genbench.report.formatting import number
from genbench.report.gallery import Gallery
from genbench.report.page import save_report
from genbench.report.vega import short
from genbench.results.metrics import HEADLINES
from genbench.results.run import collect
from genbench.results.summary import summarize
from genbench.utils import files
from genbench.utils.images import grid

DATASET = "digits"
QUALITY = {
    "FID": "fid",
    "FID∞": "fid_infinity",
    "IS": "is",
    "KID": "kid",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
}
SAMPLES = {
    "classes": "classes_covered",
    "class entropy": "class_entropy",
    "copying z": "copying_z",
    "near copies": "near_copies",
    "duplicates": "duplicates",
    "negative ELBO": "negative_elbo",
}
CLASSICAL = {
    "gaussian": "Gaussian",
    "gmm": "mixture of Gaussians",
    "kde": "kernel density",
    "mean": "mean image",
}
PLANTED = {
    "held_out": "held-out real images",
    "copies_10": "10 % training images",
    "copies_50": "50 % training images",
    "copies_100": "100 % training images",
    "without_class": "one class left out",
    "duplicated": "half of the images twice",
    "blurred": "slightly blurred",
    "first_half": "a half of the held-out images",
    "second_half": "their other half",
}
CONTROLS = {
    "FID": "fid",
    "KID": "kid",
    "precision": "precision",
    "recall": "recall",
    "coverage": "coverage",
    "classes": "classes_covered",
    "copying z": "copying_z",
    "near copies": "near_copies",
    "duplicates": "duplicates",
}
DETECTION = {"AUROC": "auroc", "AP": "aupr", "AP of test images": "aupr_normal", "FPR95": "fpr95"}
DECISIONS = {"threshold": "threshold", "TP": "tp", "FP": "fp", "TN": "tn", "FN": "fn", "F1": "f1"}
DECISIONS |= {"precision": "precision", "recall": "recall"}
SHIFT = {"mean of test images": "mean_in", "mean of OOD images": "mean_out", "effect": "effect"}
LATENT = {
    "path length": "path_length",
    "median path": "path_length_median",
    "PSNR": "psnr",
    "SSIM": "ssim",
    "rate": "rate",
    "distortion": "distortion",
    "active units": "active_units",
    "mutual information": "mutual_information",
    "marginal KL": "marginal_kl",
    "MMD": "mmd",
    "latent arithmetic": "arithmetic_accuracy",
}


def make_all_different(folder, random):
    """Replace every number in the JSON records below a folder by one of its own, near it."""
    counter = iter(range(1, 10**6))

    def change(value):
        if isinstance(value, dict):
            return {k: v if k == "protocol" else change(v) for k, v in value.items()}
        if isinstance(value, list):
            return [change(v) for v in value]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        step = next(counter)
        return value + step if isinstance(value, int) else round(value * 0.9 + step * 1e-5, 9)

    for path in sorted(folder.rglob("*.json")):
        text = change({k: v for k, v in json.loads(path.read_text()).items() if k != "at"})
        at = {k: v for k, v in json.loads(path.read_text()).items() if k == "at"}
        path.write_text(json.dumps(text | at))


class Tables(HTMLParser):
    """The tables of a page: by the text of the first header, rows of name -> label -> value."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.place, self.value, self.best = [], None, None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "table":
            self.tables.append({"labels": [], "rows": []})
        elif tag == "th":
            self.place = attrs["scope"]
            self.tables[-1]["labels" if self.place == "col" else "rows"].append(
                "" if self.place == "col" else {"name": "", "cells": []}
            )
        elif tag == "td":
            self.place = "td"
            value = attrs.get("data-value")
            cell = {"value": None if value is None else float(value), "interval": "", "best": False}
            self.tables[-1]["rows"][-1]["cells"].append(cell)
        elif tag == "small" and self.place == "td":
            self.place = "interval"
        elif tag == "b" and self.place == "td":
            self.tables[-1]["rows"][-1]["cells"][-1]["best"] = True

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.place = None  # what is small in a header is part of it

    def handle_data(self, data):
        if self.place == "col":
            self.tables[-1]["labels"][-1] += data
        elif self.place == "row":
            self.tables[-1]["rows"][-1]["name"] += data
        elif self.place == "interval":
            self.tables[-1]["rows"][-1]["cells"][-1]["interval"] += data


def as_grid(table):
    """Rows of a table: name -> label without arrow -> cell; and all labels with arrows."""
    labels = [label.strip() for label in table["labels"][1:]]
    plain = [label.rstrip(" ↓↑?") for label in labels]
    rows = {
        " ".join(row["name"].split()): dict(zip(plain, row["cells"], strict=True))
        for row in table["rows"]
    }
    return table["labels"][0], rows, labels


class Shown:
    """The page over a tree whose numbers are all different, and what its charts were given."""

    def __init__(self, root):
        data, self.details = fabricated.tree(root, datasets=[DATASET])
        make_all_different(root, np.random.default_rng(0))
        self.data = data
        self.params = fabricated.params(datasets=[DATASET])
        self.charts, self.captions = {}, {}
        plain = Gallery.chart

        def chart(gallery, spec, name, *words, **captions):
            self.charts[name] = spec
            figure = plain(gallery, spec, name, *words, **captions)
            self.captions[name] = figure.caption
            return figure

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Gallery, "chart", chart)
            self.results = collect(self.params, data, self.details)
            save_report(self.params, self.results, root / "reports")
        self.folder = root / "reports"
        text = (self.folder / "index.html").read_text(encoding="utf-8")
        self.text = " ".join(html.unescape(text).split())
        self.tables = [as_grid(table) for table in Tables(text).tables]
        self.summary = summarize(self.results)[DATASET]

    def record(self, stage, *names):
        path = self.details.joinpath(stage, DATASET, *names, "metrics.json")
        return json.loads(path.read_text())

    def find(self, *labels, without=()):
        """The tables that have all of some columns."""
        has = [t for t in self.tables if set(labels) <= set(next(iter(t[1].values())))]
        return [t for t in has if not set(without) & set(next(iter(t[1].values())))]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return Shown(tmp_path_factory.mktemp("shown"))


def value_of(estimate):
    return estimate["value"] if isinstance(estimate, dict) else estimate


def check_row(cells, labels, values):
    """Compare the cells of a row with the values of a record."""
    compared = 0
    for label, key in labels.items():
        if key in values and label in cells:
            assert cells[label]["value"] == value_of(values[key]), label
            if isinstance(values[key], dict) and "low" in values[key]:
                ends = re.findall(r"−?[\d,.]+", cells[label]["interval"])
                ends = [float(end.replace("−", "-").replace(",", "")) for end in ends]
                want = [values[key]["low"], values[key]["high"]]
                assert ends == pytest.approx(want, rel=0.02, abs=6e-4), label
            compared += 1
    return compared


def test_the_ranking_has_the_numbers_of_each_model_best_first_below_floor_and_ceiling(shown):
    ((_, rows, _),) = shown.find("FID", "IS", "KID", without=["parameters", "latent_dim x width"])
    reference = shown.record("reference")
    n = len(CLASSICAL) + 2
    floor, *classical, ceiling = list(rows)[:n]
    assert floor.startswith("real-data") and ceiling.startswith("noise")
    assert check_row(rows[floor], QUALITY, reference["floor"]) == len(QUALITY)
    assert check_row(rows[ceiling], QUALITY, reference["ceiling"]) == len(QUALITY)
    records = shown.record("controls")["classical"]
    by_fid = sorted(records, key=lambda name: records[name]["metrics"]["fid"]["value"])
    assert classical == [f"{CLASSICAL[name]} classical" for name in by_fid]
    for row, name in zip(classical, by_fid, strict=True):
        assert check_row(rows[row], QUALITY, records[name]["metrics"]) == len(QUALITY)
    fids = {m: shown.record("evaluate", m)["metrics"]["fid"]["value"] for m in fabricated.MODELS}
    names = list(rows)[n:]
    assert names == [f"{i} {m}" for i, m in enumerate(sorted(fids, key=fids.__getitem__), 1)]
    for name in names:
        metrics = shown.record("evaluate", name.split()[-1])["metrics"]
        assert check_row(rows[name], QUALITY, metrics) == len(QUALITY)


def test_planted_sets_have_the_numbers_of_their_records(shown):
    ((_, rows, _),) = [table for table in shown.tables if table[0] == "planted set"]
    records = shown.record("controls")["planted"]
    assert list(rows) == list(PLANTED.values())
    for name, title in PLANTED.items():
        assert check_row(rows[title], CONTROLS, records[name]["metrics"]) == len(CONTROLS)
    n = records["held_out"]["n_real"]
    assert f"measured against {n:,} of the other half" in shown.text


def test_what_the_controls_say_has_the_numbers_of_their_records(shown):
    record = shown.record("controls")["planted"]
    planted = {name: {k: v["value"] for k, v in q["metrics"].items()} for name, q in record.items()}
    fids = [number(planted[name]["fid"]) for name in ("held_out", "blurred")]
    copies = planted["duplicated"]["duplicates"], planted["held_out"]["duplicates"]
    covered = [planted[name]["classes_covered"] for name in ("held_out", "without_class")]
    path = shown.details / "controls" / DATASET / "detection.json"
    aurocs = [d["auroc"]["value"] for d in files.load_json(path)["detections"]]
    for sentence in (
        f"held-out real images have a p of {norm.cdf(planted['held_out']['copying_z']):.2g}.",
        f"of held-out real images {fids[0]}, of the same images slightly blurred {fids[1]} (p = ",
        f"their share is {copies[0]:.3f}, else {copies[1]:.3f}.",
        f"held-out real images have {covered[0]} of 3, without one class {covered[1]}.",
        f"have an AUROC of {min(aurocs):.2f} to {max(aurocs):.2f} (2 baselines).",
    ):
        assert sentence in shown.text


def test_images_of_classical_generators_stand_among_the_samples_with_their_distance(shown):
    for name, quality in shown.record("controls")["classical"].items():
        path = shown.folder / "figures" / DATASET / f"classical-{name}.png"
        assert (
            path.read_bytes() == (shown.details / "controls" / DATASET / f"{name}.png").read_bytes()
        )
        fid = number(quality["metrics"]["fid"]["value"])
        assert f'<p class="title">{CLASSICAL[name]}</p>' in shown.text
        assert f"<figcaption>classical, FID {fid}</figcaption>" in shown.text


def test_nearest_training_images_stand_with_what_the_verdict_on_copying_rests_on(shown):
    for model in fabricated.MODELS:
        metrics = shown.record("evaluate", model)["metrics"]
        p = norm.cdf(metrics["copying_z"]["value"])
        share = metrics["near_copies"]["value"]
        caption = f"<figcaption>{share:.1%} near copies, p = {p:.2g}</figcaption>"
        assert caption in shown.text


def test_what_models_are_not_ranked_by_stands_in_its_column(shown):
    ((_, rows, _),) = shown.find("copying z", "duplicates", without=["FID"])
    for model in fabricated.MODELS:
        metrics = shown.record("evaluate", model)["metrics"]
        assert check_row(rows[model], SAMPLES, metrics) == 5 + (model == "vae")
        summary = files.load_json(shown.data / "models" / DATASET / model / "summary.json")
        assert rows[model]["parameters"]["value"] == summary["parameters"]
        record = shown.record("anomaly", model)
        main = {
            (d["kind"], d["name"]): d["auroc"]["value"]
            for d in record["detections"]
            if d["score"] == record["main_score"]
        }
        assert rows[model]["corruption AUROC"]["value"] == main["corruptions", "all"]
        for name in (fabricated.OOD, "noise"):
            assert rows[model][f"{name} AUROC"]["value"] == main["ood", name]
    codes = shown.record("tsne")["codes"]
    assert rows["vae"]["kNN accuracy"]["value"] == codes["vae"]["knn_accuracy"]
    assert rows["gan"]["kNN accuracy"]["value"] is None


@pytest.mark.parametrize("kind", ["corruptions", "ood"])
def test_detections_stand_in_the_row_of_their_model_and_score(shown, kind):
    more = DECISIONS if kind == "corruptions" else SHIFT
    tables = shown.find("AUROC", "FPR95", *list(more)[:1])
    names = ["all"] if kind == "corruptions" else [fabricated.OOD, "noise"]
    assert len(tables) == len(names)
    for (_, rows, _), name in zip(tables, names, strict=True):
        for model in ("baselines", *fabricated.MODELS):
            folder = ["baselines"] if model == "baselines" else ["anomaly", model]
            record = shown.record(*folder)
            detections = [d for d in record["detections"] if (d["kind"], d["name"]) == (kind, name)]
            for d in detections:
                score = d["score"].replace("_", " ")
                row = rows[score if model == "baselines" else f"{model} {score}"]
                assert check_row(row, DETECTION, d) == 4
                inner = d["decisions" if kind == "corruptions" else "shift"]
                assert check_row(row, more, inner) == len(more)
                if kind == "ood":
                    for label, key in (
                        ("mean of test images", "in"),
                        ("mean of OOD images", "out"),
                    ):
                        sides = [
                            d["shift"][f"mean_{key}"] + s * d["shift"][f"sem_{key}"]
                            for s in (-1, 1)
                        ]
                        ends = re.findall(r"−?[\d,.]+", row[label]["interval"])
                        assert [float(e.replace("−", "-")) for e in ends] == pytest.approx(
                            sides, abs=6e-3
                        )
                    assert row["n test"]["value"] == d["n_in"]
                    assert row["n OOD"]["value"] == d["n_out"]


def test_aurocs_by_corruption_are_those_of_the_main_score(shown):
    ((_, rows, _),) = shown.find("noise 64", "blur 3")
    for model in fabricated.MODELS:
        record = shown.record("anomaly", model)
        for d in record["detections"]:
            if d["kind"] == "corruption" and d["score"] == record["main_score"]:
                severity = {"noise": "64", "blur": "3"}[d["name"]]
                cell = rows[model][f"{d['name']} {severity}"]
                assert cell["value"] == d["auroc"]["value"]


def test_maps_of_errors_have_their_pixel_auroc_and_the_baselines(shown):
    (baseline,) = shown.record("baselines")["localizations"]
    column = f"occlusion ({baseline['n']:,})"
    ((_, rows, _),) = shown.find(column)
    assert rows.keys() == {"distance from the mean training image", *fabricated.MODELS}
    for name, record in (
        ("distance from the mean training image", shown.record("baselines")),
        ("vae", shown.record("anomaly", "vae")),
    ):
        (found,) = record["localizations"]
        assert rows[name][column]["value"] == found["auroc"]["value"]
    assert rows["gan"][column]["value"] is None


def test_latent_spaces_have_their_numbers(shown):
    ((_, rows, _),) = shown.find("path length", "median path")
    for model in fabricated.MODELS:
        expected = len(LATENT) if model == "vae" else 2
        metrics = shown.record("latent", model)["metrics"]
        assert check_row(rows[model], LATENT, metrics) == expected


def test_points_of_the_sweeps_have_the_numbers_of_their_own(shown):
    ((_, rows, _),) = shown.find("FID", "parameters", "FLOPs per image", without=["IS"])
    for latent_dim in (4, 16):
        for width in (16, 32):
            name = f"vae-{latent_dim}-{width}-0"
            training = files.load_json(shown.data / "models" / DATASET / name / "summary.json")
            point = files.load_json(shown.details / "sweep" / DATASET / f"{name}.json")
            row = rows[f"{latent_dim} x {width}"]
            assert row["FID"]["value"] == point["quality"]["metrics"]["fid"]["value"]
            assert row["parameters"]["value"] == training["parameters"]
            assert row["FLOPs per image"]["value"] == training["flops"]
            assert row["loss"]["value"] == training["final"]["val/loss"] if "loss" in row else True
    ((_, rows, _),) = [t for t in shown.tables if t[0] == "beta"]
    for beta in ("0.5", "4"):
        point = files.load_json(shown.details / "sweep" / DATASET / f"beta_vae-{beta}-0.json")
        labels = {"rate": "rate", "distortion": "distortion", "FID": "fid"}
        assert check_row(rows[beta], labels, point["quality"]["metrics"]) == 3


def test_shares_and_precisions_of_classes_are_apart(shown):
    tables = [t for t in shown.tables if any("class <b>0" in label for label in t[2])]
    for (_, rows, _), key in zip(tables, ("share", "precision"), strict=True):
        for model in fabricated.MODELS:
            for share in shown.record("evaluate", model)["classes"]:
                assert rows[model][share["name"]]["value"] == share[key]


def test_the_summary_has_every_headline_of_the_records(shown):
    for model in fabricated.MODELS:
        sources = {
            **shown.record("latent", model)["metrics"],
            **shown.record("evaluate", model)["metrics"],
        }
        row = shown.summary[model]
        for metric in HEADLINES:
            name = f"{metric.key}_classifier" if metric.by_extractor else metric.key
            if metric.key in sources:
                assert row[name] == value_of(sources[metric.key])
        record = shown.record("anomaly", model)
        main = [d for d in record["detections"] if d["score"] == record["main_score"]]
        ood = [d["auroc"]["value"] for d in main if d["kind"] == "ood"]
        assert row["ood_auroc"] == pytest.approx(np.mean(ood))
        (all_corruptions,) = (d for d in main if d["kind"] == "corruptions")
        assert row["corruption_auroc"] == all_corruptions["auroc"]["value"]
    for name in ("floor", "ceiling"):
        reference = shown.record("reference")[name]
        assert shown.summary[name]["fid_classifier"] == reference["fid"]["value"]
    for name, quality in shown.record("controls")["classical"].items():
        named = {m.key: f"{m.key}_classifier" if m.by_extractor else m.key for m in HEADLINES}
        metrics = {named[k]: value_of(v) for k, v in quality["metrics"].items() if k in named}
        assert shown.summary[f"classical-{name}"] == metrics and len(metrics) >= 7


def scores_of(shown, model):
    path = shown.details / "anomaly" / DATASET / model / "scores.npz"
    main = shown.record("anomaly", model)["main_score"]
    return {(part.kind, part.name): part.scores[main] for part in load_scores(path)}


@pytest.mark.parametrize("model", fabricated.MODELS)
def test_charts_of_detection_are_given_the_models_main_score_and_counts(shown, model):
    scores = scores_of(shown, model)
    corrupted = np.concatenate([v for (kind, _), v in scores.items() if kind == "corruption"])
    record = shown.record("anomaly", model)
    (d,) = (
        d["decisions"]
        for d in record["detections"]
        if (d["kind"], d["score"]) == ("corruptions", record["main_score"])
    )
    cells = {
        (row["row"], row["column"]): row["value"] for row in values(f"{model}/confusion.svg", shown)
    }
    assert cells == {
        ("intact", "below"): d["tn"],
        ("intact", "above"): d["fp"],
        ("corrupted", "below"): d["fn"],
        ("corrupted", "above"): d["tp"],
    }
    for name, others in (
        ("anomaly", {"corrupted": corrupted}),
        ("ood", {name: scores["ood", name] for name in (fabricated.OOD, "noise")}),
    ):
        label = record["main_score"].replace("_", " ")
        expected = charts.histograms(
            {"test": scores["test", "test"], **others}, label, d["threshold"]
        )
        assert shown.charts[f"{model}/scores-{name}.svg"] == expected
    for name, out in (("corruptions", corrupted), ("ood-noise", scores["ood", "noise"])):
        false, true = line(f"roc-{name}.svg", model, shown)
        inside = scores["test", "test"]
        area = (out[:, None] > inside).mean()
        assert np.trapezoid(true, false) == pytest.approx(area, abs=0.01)
        recall, precision = line(f"precision_recall-{name}.svg", model, shown)
        assert recall[0] == 0 and recall[-1] == 1
        share = len(out) / (len(out) + len(inside))
        assert precision[-1] == pytest.approx(share, abs=1e-6)
        scale = shown.charts[f"roc-{name}.svg"]["layer"][-1]["encoding"]["color"]["scale"]
        colors = dict(zip(scale["domain"], scale["range"], strict=True))
        assert colors == vega.assign_colors(list(fabricated.MODELS))


def values(name, shown):
    """The data of a chart."""
    return shown.charts[name]["data"]["values"]


def line(name, label, shown):
    """x and y of one line of a chart."""
    rows = [row for row in values(name, shown) if row["line"] == label]
    return tuple([row[axis] for row in rows] for axis in "xy")


def test_the_chart_of_the_ranking_has_every_model_and_reference_with_its_interval(shown):
    points = {row["name"]: row for row in values("fid.svg", shown)}
    records = {m: shown.record("evaluate", m)["metrics"]["fid"] for m in fabricated.MODELS}
    classical = shown.record("controls")["classical"]
    records |= {CLASSICAL[name]: each["metrics"]["fid"] for name, each in classical.items()}
    reference = shown.record("reference")
    records |= {
        "real-data reference (floor)": reference["floor"]["fid"],
        "noise reference (ceiling)": reference["ceiling"]["fid"],
    }
    assert points.keys() == records.keys()
    for name, fid in records.items():
        assert [points[name][key] for key in ("value", "low", "high")] == [
            fid.get(key) for key in ("value", "low", "high")
        ]
    in_order = [row["value"] for row in values("fid.svg", shown)]
    assert in_order == sorted(in_order)


def test_cost_stands_over_its_quality(shown):
    for key in ("parameters", "flops"):
        points = {row["name"]: (row["x"], row["y"]) for row in values(f"fid-over-{key}.svg", shown)}
        for model in fabricated.MODELS:
            summary = files.load_json(shown.data / "models" / DATASET / model / "summary.json")
            fid = shown.record("evaluate", model)["metrics"]["fid"]["value"]
            assert points[model] == (summary[key], fid)


def test_charts_of_sweeps_and_latent_spaces_are_given_their_records(shown):
    points = {
        (a, b): files.load_json(shown.details / "sweep" / DATASET / f"vae-{a}-{b}-0.json")
        for a in (4, 16)
        for b in (16, 32)
    }
    fid = {at: short(point["quality"]["metrics"]["fid"]["value"]) for at, point in points.items()}
    rows = values("vae/sweep-fid.svg", shown)
    assert {(row["latent_dim"], row["width"]): row["value"] for row in rows} == fid
    for key in ("flops", "parameters"):
        for width in (16, 32):
            trainings = shown.data / "models" / DATASET
            folders = [trainings / f"vae-{at}-{width}-0" for at in (4, 16)]
            want = [short(files.load_json(folder / "summary.json")[key]) for folder in folders]
            drawn = line(f"vae/{key}-over-latent_dim.svg", f"width {width}", shown)
            assert drawn == ([4, 16], want)
    for row in values("rate-distortion.svg", shown):
        beta = row["label"].removeprefix("β ")
        point = files.load_json(shown.details / "sweep" / DATASET / f"beta_vae-{beta}-0.json")
        assert row["x"] == short(point["quality"]["metrics"]["rate"]["value"])
        assert row["y"] == short(point["quality"]["metrics"]["distortion"]["value"])
    for name, key in (("vae/kl_per_latent", "kl_per_latent"), ("gan/direction_shares",) * 2):
        model, key = name.split("/")
        drawn = [row["y"] for row in values(f"{name}.svg", shown)]
        record = shown.record("latent", model)[key]
        assert drawn == [short(value) for value in sorted(record, reverse=True)]


@pytest.mark.parametrize("model", fabricated.MODELS)
def test_curves_of_training_are_those_of_the_history(shown, model):
    history = files.load_csv(shown.data / "models" / DATASET / model / "history.csv")
    drawn = []
    for name, spec in shown.charts.items():
        if (
            name.startswith(f"{model}/")
            and "variants" in spec.get("usermeta", {})
            and name.endswith(".svg")
        ):
            parts = {(row["line"], row["set"]): ([], []) for row in values(name, shown)}
            for row in values(name, shown):
                for axis, numbers in zip("xy", parts[row["line"], row["set"]], strict=True):
                    numbers.append(row[axis])
            drawn += [(part == "validation", *map(tuple, xy)) for (_, part), xy in parts.items()]
    columns = {key for row in history for key in row if "/" in key and "alarm" not in key}
    expected = []
    for key in columns:
        rows = [row for row in history if key in row]
        x, y = (tuple(short(row[name]) for row in rows) for name in ("images", key))
        expected.append((key.startswith("val/"), x, y))
    assert sorted(drawn) == sorted(expected)


def test_maps_show_the_points_of_their_images_in_the_colors_of_their_classes(shown):
    with np.load(shown.details / "tsne" / DATASET / "embeddings.npz") as file:
        arrays = dict(file)
    record = shown.record("tsne")
    classes = shown.results[0].classes
    x = shown.results[0].processed.test_x
    models = vega.assign_colors(list(fabricated.MODELS))
    sources = {"real": x}
    for model in fabricated.MODELS:
        path = shown.data / "samples" / DATASET / model / "samples.npz"
        (sources[model],) = files.load_npz(path, "x")
    for name in dict.fromkeys(arrays["names"].tolist()):
        rows = arrays["names"] == name
        drawn = values(f"tsne-{name}.png", shown)
        check_points(shown, f"tsne-{name}.png", arrays, rows, sources)
        assert [row["line"] for row in drawn] == [classes[k] for k in arrays["classes"][rows]]
        assert [row["from"] for row in drawn] == arrays["groups"][rows].tolist()
        assert [row["is_real"] for row in drawn] == (arrays["groups"][rows] == "real").tolist()
        assert colors(f"tsne-{name}.png", shown) == vega.assign_colors(classes)
    (variant,) = shown.charts["tsne-features.png"]["usermeta"]["variants"]
    assert variant["line"] == "from" and variant["colors"] == {"real": vega.GRAY, **models}
    for model in fabricated.MODELS:
        name = f"{model}/tsne-features.png"
        rows = (arrays["names"] == "features") & np.isin(arrays["groups"], ["real", model])
        drawn = values(name, shown)
        assert [row["line"] for row in drawn] == arrays["groups"][rows].tolist()
        assert [row["from"] for row in drawn] == [classes[k] for k in arrays["classes"][rows]]
        check_points(shown, name, arrays, rows, sources)
        assert colors(name, shown) == {"real": vega.GRAY, model: models[model]}
        share = f"{record['real_neighbors'][model]:.1%} of"
        assert shown.captions[name].startswith(share)


def colors(name, shown):
    """The color of each line of a chart."""
    scale = shown.charts[name]["layer"][0]["encoding"]["color"]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def check_points(shown, name, arrays, rows, sources):
    """The points of a map stand where they should, with the images that they are of."""
    points = values(name, shown)
    places = np.array([[point["x"], point["y"]] for point in points])
    assert places == pytest.approx(arrays["points"][rows], rel=1e-5)
    sprite = shown.charts[name]["usermeta"]["sprite"]
    sheet = np.asarray(Image.open(shown.folder / sprite["src"]))
    assert sprite["sheet"] == [sheet.shape[1], sheet.shape[0]]
    width, height = sprite["tile"]
    groups, images = arrays["groups"][rows], arrays["images"][rows]
    for point, group, image in zip(points, groups, images, strict=True):
        row, column = divmod(point["image"], sprite["columns"])
        top, left = row * (height + 1), column * (width + 1)
        tile = sheet[top : top + height, left : left + width]
        assert np.array_equal(
            tile, np.broadcast_to(sources[group][image].transpose(1, 2, 0), tile.shape)
        )


def test_real_images_are_shown_beside_the_samples(shown):
    picture = np.asarray(Image.open(shown.folder / "figures" / DATASET / "real.png"))
    x = shown.results[0].processed.test_x
    some = np.linspace(0, len(x) - 1, min(len(x), 100)).astype(int)
    assert np.array_equal(picture, grid(x[some], 10))


SOURCES = {
    "grid.png": "data/samples/{dataset}/{model}/grid.png",
    "nearest.png": "metrics/details/evaluate/{dataset}/{model}/nearest.png",
    "extremes.png": "metrics/details/anomaly/{dataset}/{model}/extremes.png",
    "maps.png": "metrics/details/anomaly/{dataset}/{model}/maps.png",
}


@pytest.mark.parametrize("model", fabricated.MODELS)
def test_pictures_are_those_of_their_model_and_name(shown, model):
    root = shown.data.parent
    folder = shown.folder / "figures" / DATASET / model
    copied = [path for path in folder.glob("*.png") if not path.name.startswith("tsne")]
    assert len(copied) >= 8
    for path in copied:
        place = SOURCES.get(path.name, "metrics/details/latent/{dataset}/{model}/" + path.name)
        if path.stem.isdigit():
            place = "data/models/{dataset}/{model}/snapshots/" + path.name
        source = root / place.format(dataset=DATASET, model=model)
        assert path.read_bytes() == source.read_bytes(), path.name


def test_tables_for_plots_have_the_points_of_their_records(shown):
    import csv

    def rows_of(name):
        with (shown.folder / "plots" / f"{name}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    losses = {
        (r["model"], r["part"], float(r["images"])): float(r["value"]) for r in rows_of("losses")
    }
    for model in fabricated.MODELS:
        history = files.load_csv(shown.data / "models" / DATASET / model / "history.csv")
        for row in history:
            for key, value in row.items():
                if "/" in key and "alarm" not in key:
                    assert losses[model, key, row["images"]] == pytest.approx(value, rel=1e-5)
    for row in rows_of("sweep"):
        name = f"vae-{row['latent_dim']}-{row['width']}-{row['seed']}.json"
        point = files.load_json(shown.details / "sweep" / DATASET / name)
        fid = point["quality"]["metrics"]["fid"]["value"]
        assert float(row["fid_classifier"]) == pytest.approx(fid, rel=1e-5)
    for model in fabricated.MODELS:
        scores = scores_of(shown, model)
        curve = [r for r in rows_of("roc") if (r["model"], r["against"]) == (model, "noise")]
        false, true = (
            [float(r[f"{kind}_positive_rate"]) for r in curve] for kind in ("false", "true")
        )
        area = (scores["ood", "noise"][:, None] > scores["test", "test"]).mean()
        assert np.trapezoid(true, false) == pytest.approx(area, abs=0.01)
    with np.load(shown.details / "tsne" / DATASET / "embeddings.npz") as file:
        points = {tuple(np.round(p, 3)) for p in file["points"]}
        names = [shown.results[0].classes[k] for k in file["classes"]]
        class_of = dict(zip(map(tuple, np.round(file["points"], 2)), names, strict=True))
    shown_points = {(round(float(r["x"]), 3), round(float(r["y"]), 3)) for r in rows_of("tsne")}
    close = [min(abs(np.array(list(points)) - p).sum(1)) for p in list(shown_points)[:50]]
    assert max(close) < 0.01
    for row in rows_of("tsne"):
        place = tuple(np.round([float(row["x"]), float(row["y"])], 2))
        assert class_of.get(place, row["class"]) == row["class"]
    assert len({row["class"] for row in rows_of("tsne")}) == len(set(names))
