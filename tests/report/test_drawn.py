"""What charts draw is what they were given: which numbers on which axis, under which label."""

from contextlib import contextmanager

import numpy as np
import pytest
from matplotlib.colors import to_hex

from genbench.report import charts, line_charts


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """A function that draws a chart and returns its axes."""
    plain, kept = charts.axes, []

    @contextmanager
    def axes(*data, **words):
        with plain(*data, **words) as ax:
            yield ax
            kept.append(ax)

    monkeypatch.setattr(charts, "axes", axes)
    monkeypatch.setattr(line_charts, "axes", axes)

    def draw(chart, *data):
        chart(tmp_path / "chart.svg", *data)
        return kept[-1]

    return draw


def points(line):
    return np.array(line.get_xydata()).tolist()


def labeled(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_training_curves_are_over_images_and_validation_is_dashed(drawn):
    lines = [
        line_charts.Line("generator", [1, 2, 3], [5, 6, 8], 1, False),
        line_charts.Line("generator", [1, 3], [7, 9], 1, True),
    ]
    ax = drawn(line_charts.training_curves, lines, "loss")
    first, second = ax.lines[:2]
    assert points(first) == [[1, 5], [2, 6], [3, 8]] and first.get_linestyle() == "-"
    assert points(second) == [[1, 7], [3, 9]] and second.get_linestyle() == "--"
    assert first.get_color() == second.get_color()
    assert ax.get_xlabel() == "images seen" and ax.get_title(loc="left") == "loss"
    assert labeled(ax).keys() == {"generator", "validation"}


def test_roc_has_false_positives_below_true_ones_and_the_models_color(drawn):
    ax = drawn(line_charts.roc, {"a": ([0, 0.2, 1], [0, 0.9, 1])}, {"a": "#ff0000"})
    line = labeled(ax)["a"]
    assert points(line) == [[0, 0], [0.2, 0.9], [1, 1]] and line.get_color() == "#ff0000"
    assert ax.get_xlabel() == "false positive rate"
    assert ax.get_title(loc="left") == "true positive rate"


def test_precision_stands_over_recall(drawn):
    ax = drawn(line_charts.precision_recall, {"a": ([0, 1], [0.8, 0.3])}, {"a": "#ff0000"})
    assert points(labeled(ax)["a"]) == [[0, 0.8], [1, 0.3]]
    assert ax.get_xlabel() == "recall" and ax.get_title(loc="left") == "precision"


def test_distortion_stands_over_rate_with_its_beta(drawn):
    ax = drawn(line_charts.rate_distortion, [(9.0, 21.0, "0.5"), (3.0, 27.0, "4")])
    assert points(ax.lines[0]) == [[9, 21], [3, 27]]
    assert [(t.get_text(), t.xy) for t in ax.texts] == [("β 0.5", (9, 21)), ("β 4", (3, 27))]
    assert ax.get_xlabel().startswith("rate") and "distortion" in ax.get_title(loc="left")


def test_an_effect_is_over_its_hyperparameter(drawn):
    lines = {"width 16": [(4, 10.0), (16, 8.0)], "width 32": [(4, 9.0), (16, 7.0)]}
    ax = drawn(line_charts.effect, lines, "FID", "latent_dim")
    assert {label: points(line) for label, line in labeled(ax).items()} == {
        label: [list(pair) for pair in pairs] for label, pairs in lines.items()
    }
    assert ax.get_xlabel() == "latent_dim" and ax.get_title(loc="left") == "FID"


def test_a_heat_map_has_rows_down_and_columns_to_the_right_and_darker_is_higher(drawn):
    values = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]])
    ax = drawn(charts.heat_map, values, ["a", "b"], ["x", "y", "z"], "FID", "width", "latent")
    texts = {t.get_position(): t.get_text() for t in ax.texts}
    assert texts == {(0, 0): "1", (1, 0): "2", (2, 0): "-", (0, 1): "4", (1, 1): "5", (2, 1): "6"}
    assert np.array_equal(np.asarray(ax.images[0].get_array().filled(np.nan)), values, True)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["x", "y", "z"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "latent")
    low, high = (sum(ax.images[0].cmap(ax.images[0].norm(v))[:3]) for v in (1, 6))
    assert low > high


def test_histograms_show_shares_of_each_set_and_the_threshold(drawn):
    sets = {"test": np.repeat([0.0, 1.0], [30, 10]), "other": np.full(20, 1.0)}
    ax = drawn(charts.histograms, sets, "kl", 0.7)
    outlines = {p.get_label(): p.get_data() for p in ax.patches if p.get_label()}
    assert outlines.keys() == {"test", "other"}
    heights = {label: data.values for label, data in outlines.items()}
    assert heights["test"][0] == 0.75 and heights["test"][-1] == 0.25
    assert heights["other"][0] == 0 and heights["other"][-1] == 1
    assert labeled(ax)["threshold"].get_xdata() == [0.7, 0.7]
    assert ax.get_xlabel() == "kl"


def test_bars_stand_in_order_and_points_where_they_are(drawn):
    ax = drawn(charts.bars, [3.0, 2.0, 0.5], "KL", "latents")
    assert [bar.get_height() for bar in ax.patches] == [3.0, 2.0, 0.5]
    assert [bar.get_x() + bar.get_width() / 2 for bar in ax.patches] == pytest.approx([1, 2, 3])
    cloud = np.array([[1.0, 5.0], [2.0, 7.0]])
    ax = drawn(charts.embedding, [(cloud, ["#ff0000", "#00ff00"])])
    assert np.asarray(ax.collections[0].get_offsets()).tolist() == cloud.tolist()
    colors = [to_hex(color) for color in ax.collections[0].get_facecolors()]
    assert colors == ["#ff0000", "#00ff00"]
