"""What charts draw is what they were given: which numbers on which axis, under which label."""

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from genbench.report import charts, grid_charts, line_charts, model_charts, vega
from genbench.report.gallery import to_svg
from genbench.report.line_charts import Line

SCORES = np.random.default_rng(0).normal(size=(2, 500))
COLORS = {"a": "#ff0000", "b": "#00ff00"}
POINTS = [
    {"x": float(x), "y": float(y), "line": "ab"[i % 2], "from": "real", "is_real": True, "image": i}
    for i, (x, y) in enumerate(SCORES.T[:40])
]
ROWS = [
    {"name": "a", "value": 3.0, "low": 2.0, "high": 4.5, "color": "#ff0000"},
    {"name": "a", "value": 5.0, "low": None, "high": None, "color": "#ff0000"},
    {"name": "b", "value": 9.0, "low": 8.0, "high": 9.5, "color": "#00ff00"},
]
COSTS = [
    {"name": "cheap", "x": 10, "y": 5.0, "color": "#ff0000"},
    {"name": "good", "x": 90, "y": 2.0, "color": "#ff0000"},
    {"name": "beaten", "x": 95, "y": 4.0, "color": "#ff0000"},
    {"name": "as dear", "x": 10, "y": 6.0, "color": "#ff0000"},
]
HEAT = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]])
GRID = {(4, 16): 30.0, (4, 32): 20.0, (8, 32): 10.0}
CHARTS = {
    "grid": grid_charts.grid(GRID, [4, 8], [16, 32], "FID"),
    "training": line_charts.training_curves(
        [
            Line("generator", [1, 2, 3], [5, 6, 8], "#ff0000"),
            Line("generator", [1, 3], [7, np.nan], "#ff0000", True),
        ],
        "loss",
    ),
    "roc": line_charts.roc({"a": ([0, 0, 1], [0, 0.9, 1]), "b": ([0, 1], [0, 1])}, COLORS),
    "precision": line_charts.precision_recall({"a": ([0, 1], [0.8, 0.3])}, COLORS),
    "betas": line_charts.rate_distortion([(9.0, 21.0, "0.5"), (3.0, 27.0, "4")]),
    "effect": line_charts.effect(
        {"width 16": [(4, 10.0), (16, 8.0)], "width 32": [(4, 9.0), (16, 7.0)]},
        "FID",
        "latent_dim",
    ),
    "heat": charts.heat_map(HEAT, ["r", "s"], ["x", "y", "z"], "FID", "width", "latent"),
    "histograms": charts.histograms(
        {"test": np.repeat([0.0, 1.0], [30, 10]), "other": np.full(20, 1.0)}, "kl", 0.7
    ),
    "bars": charts.bars([3.0, 2.0, 0.5], "KL", "latents"),
    "embedding": charts.embedding(POINTS, COLORS),
    "intervals": model_charts.intervals(ROWS, "FID"),
    "trade_off": model_charts.trade_off(COSTS, "parameters", "FID"),
}


def data(name):
    return CHARTS[name]["data"]["values"]


def titles(name):
    """Titles of both axes."""
    encodings = [layer["encoding"] for layer in CHARTS[name]["layer"]]
    return [{e[axis].get("title") for e in encodings if axis in e} - {None} for axis in "xy"]


def texts(name):
    """Every text of the drawn chart."""
    svg = to_svg(CHARTS[name])
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def lines(name):
    """The points of each line, in the order in which they are drawn."""
    drawn = {}
    for row in data(name):
        drawn.setdefault((row["line"], row["set"]), []).append((row["x"], row["y"]))
    return drawn


@pytest.mark.parametrize("name", CHARTS)
def test_equal_numbers_give_equal_pictures(name):
    first, second = (to_svg(CHARTS[name]) for _ in "ab")
    assert first == second and first.startswith("<svg")


DRAW = """
import hashlib, sys
from pathlib import Path
from genbench.report.gallery import Gallery
title = {"title": "\N{SNOWMAN}", "mark": "point", "data": {"values": [{"x": 1}]}, "encoding": {}}
Gallery(Path(sys.argv[1]), "d", 8).chart(title, "a.png")
print(hashlib.md5(Path(sys.argv[1], "d", "a.png").read_bytes()).hexdigest())
"""


def test_pictures_have_the_same_letters_whatever_fonts_a_machine_has(tmp_path):
    hashes = set()
    for fonts in ("/none", Path(matplotlib.get_data_path(), "fonts", "ttf")):  # has a snowman
        (tmp_path / "fonts.conf").write_text(f"<fontconfig><dir>{fonts}</dir></fontconfig>")
        words = [sys.executable, "-c", DRAW, str(tmp_path)]
        env = os.environ | {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
        hashes.add(done.stdout)
    assert len(hashes) == 1


def test_training_curves_are_over_images_and_validation_is_dashed():
    assert lines("training") == {
        ("generator", "training"): [(1, 5), (2, 6), (3, 8)],
        ("generator", "validation"): [(1, 7), (3, None)],
    }
    dash = CHARTS["training"]["layer"][0]["encoding"]["strokeDash"]
    by_set = dict(zip(dash["scale"]["domain"], dash["scale"]["range"], strict=True))
    assert by_set["training"] == [1, 0] and by_set["validation"][1] > 0
    assert titles("training") == [{"images seen"}, {"loss"}]
    assert {"training", "validation", "loss", "images seen"} <= set(texts("training"))


def test_curves_of_detection_keep_their_order_and_the_models_colors():
    assert lines("roc")["a", "training"] == [(0, 0), (0, 0.9), (1, 1)]
    color = CHARTS["roc"]["layer"][-1]["encoding"]["color"]["scale"]
    assert (color["domain"], color["range"]) == (["a", "b"], ["#ff0000", "#00ff00"])
    assert CHARTS["roc"]["layer"][1]["encoding"]["order"] == {"value": None}  # not sorted by x
    assert titles("roc") == [{"false positive rate"}, {"true positive rate"}]
    assert lines("precision") == {("a", "training"): [(0, 0.8), (1, 0.3)]}
    assert titles("precision") == [{"recall"}, {"precision"}]


def test_distortion_stands_over_rate_with_its_beta():
    points = [(row["x"], row["y"], row["label"]) for row in data("betas")]
    assert points == [(9, 21, "β 0.5"), (3, 27, "β 4")]
    assert titles("betas") == [{"rate, nats"}, {"distortion, nats"}]
    assert {"β 0.5", "β 4"} <= set(texts("betas"))


def test_an_effect_is_over_its_hyperparameter():
    assert lines("effect") == {
        ("width 16", "training"): [(4, 10), (16, 8)],
        ("width 32", "training"): [(4, 9), (16, 7)],
    }
    assert titles("effect") == [{"latent_dim"}, {"FID"}]
    assert {"4", "16", "width 16", "width 32"} <= set(texts("effect"))


def test_a_heat_map_has_rows_down_and_columns_to_the_right_and_darker_is_higher():
    cells = {(row["row"], row["column"]): row["value"] for row in data("heat")}
    assert cells == {
        (r, c): None if np.isnan(HEAT[i, j]) else HEAT[i, j]
        for i, r in enumerate("rs")
        for j, c in enumerate("xyz")
    }
    shown = texts("heat")
    assert {"1", "2", "–", "4", "5", "6", "FID", "width", "latent"} <= set(shown)
    assert CHARTS["heat"]["layer"][0]["encoding"]["color"]["scale"] == {"scheme": "blues"}
    assert [row["text"] for row in data("heat") if row["is_dark"]] == ["4", "5", "6"]


def test_a_grid_shows_its_points_in_cells_and_over_both_axes_and_a_dash_for_what_was_not_run():
    points = {(row["latent_dim"], row["width"]): row["value"] for row in data("grid")}
    assert points == {**GRID, (8, 16): None}
    cells, over_latent_dim, over_width = CHARTS["grid"]["hconcat"]
    assert [part["layer"][0]["encoding"]["x"]["field"] for part in CHARTS["grid"]["hconcat"]] == [
        "width",
        "latent_dim",
        "width",
    ]
    assert {"30", "20", "10", "–", "FID", "width", "latent_dim"} <= set(texts("grid"))
    svg = to_svg(CHARTS["grid"])
    for color in vega.palette(2):
        assert f'stroke="{color}"' in svg  # a line per value of the other axis
    marked = {
        part["layer"][-1 if i else 0]["name"] for i, part in enumerate(CHARTS["grid"]["hconcat"])
    }
    assert marked == set(CHARTS["grid"]["params"][0]["views"])


def test_a_grid_of_one_row_has_lines_over_its_columns_only():
    parts = grid_charts.grid({(4, 16): 1.0, (4, 32): 2.0}, [4], [16, 32], "FID")["hconcat"]
    assert [part["layer"][0]["encoding"]["x"]["field"] for part in parts] == ["width", "width"]


def test_histograms_show_shares_of_each_set_and_the_threshold():
    share = {
        label: [row["share"] for row in data("histograms") if row["line"] == label]
        for label in ("test", "other")
    }
    assert share["test"][0] == 0.75 and share["test"][-1] == 0.25
    assert share["other"][0] == 0 and share["other"][-1] == 1
    rule = CHARTS["histograms"]["layer"][-1]
    assert rule["data"]["values"] == [{"threshold": 0.7}]
    assert titles("histograms") == [{"kl"}, {"share of the set"}]


def test_bars_stand_in_order():
    assert data("bars") == [{"x": 1, "y": 3}, {"x": 2, "y": 2}, {"x": 3, "y": 0.5}]


def test_several_trainings_of_a_model_are_points_on_one_line():
    assert [(row["name"], row["value"]) for row in data("intervals")] == [
        ("a", 3),
        ("a", 5),
        ("b", 9),
    ]
    svg = to_svg(CHARTS["intervals"])
    assert svg.count('aria-roledescription="point"') == 3
    assert texts("intervals").count("a") == 1


def test_the_pareto_front_joins_what_nothing_beats():
    front = CHARTS["trade_off"]["layer"][0]["data"]["values"]
    assert [row["name"] for row in front] == ["cheap", "good"]


def test_points_keep_their_image_and_their_class():
    assert data("embedding") == POINTS
    words = [field["field"] for field in CHARTS["embedding"]["layer"][0]["encoding"]["tooltip"]]
    assert words == ["line", "from", "image"]


@pytest.mark.parametrize("n", [1, 4, 13, 60])
def test_the_colors_of_a_palette_differ(n):
    colors = vega.palette(n)
    assert len(set(colors)) == n and all(len(c) == 7 and c[0] == "#" for c in colors)


def test_a_smaller_palette_is_the_beginning_of_a_larger_one():
    assert vega.palette(12)[:5] == vega.palette(5)


@pytest.mark.parametrize("extreme", [[-1e6, 1e6], [], [0.0]])
def test_a_histogram_leaves_out_no_image(extreme):
    sets = {"test": SCORES[0], "other": np.append(SCORES[1], extreme)}
    rows = charts.histograms(sets, "kl")["data"]["values"]
    for label in sets:
        assert sum(row["share"] for row in rows if row["line"] == label) == pytest.approx(1)


def test_scores_that_are_all_the_same_make_a_histogram_of_one_bar():
    few, many = (charts.histograms({"test": np.ones(n)}, "kl") for n in (9, 900))
    assert few == many
    assert [row["share"] for row in few["data"]["values"] if row["share"]] == [1]
