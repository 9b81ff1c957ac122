import numpy as np
import pytest

from genbench.report import charts, line_charts

X = np.linspace(0, 1000, 30)
SCORES = np.random.default_rng(0).normal(size=(2, 500))
CHARTS = {
    "curves.svg": (
        line_charts.training_curves,
        [line_charts.Line("a", X, np.sqrt(X), 0, False)],
        "loss",
    ),
    "histograms.svg": (charts.histograms, {"test": SCORES[0], "other": SCORES[1] + 2}, "kl", 1.6),
    "roc.svg": (line_charts.roc, {"vae": ([0, 0.2, 1], [0, 0.9, 1])}, {"vae": "#123456"}),
    "points.png": (charts.embedding, [(SCORES.T, charts.GRAY)]),
    "bars.svg": (charts.bars, [2.1, 0.3, 0.001], "nats", "latents"),
    "betas.svg": (line_charts.rate_distortion, [(9.0, 21.0, "0.5"), (3.0, 27.0, "4")]),
    "heat.svg": (
        charts.heat_map,
        np.array([[1.5, np.nan], [20, 3]]),
        [4, 16],
        [16, 32],
        "FID",
        "width",
        "latent_dim",
    ),
}


@pytest.mark.parametrize("name", CHARTS)
def test_equal_arrays_give_equal_bytes(name, tmp_path):
    draw, *data = CHARTS[name]
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        draw(folder / name, *data)
    written = (tmp_path / "a" / name).read_bytes()
    assert written == (tmp_path / "b" / name).read_bytes()
    assert b"<dc:date>" not in written and str(tmp_path).encode() not in written


def test_an_embedding_has_twice_the_pixels_it_is_shown_with(tmp_path):
    from PIL import Image

    draw, *data = CHARTS["points.png"]
    draw(tmp_path / "points.png", *data)
    with Image.open(tmp_path / "points.png") as picture:
        assert picture.width == 2 * charts.WIDTH


@pytest.mark.parametrize("n", [1, 4, 13, 60])
def test_the_colors_of_a_palette_differ(n):
    colors = charts.palette(n)
    assert len(set(colors)) == n and all(len(c) == 7 and c[0] == "#" for c in colors)


def test_a_palette_of_up_to_20_begins_with_the_colors_of_a_smaller_one():
    assert charts.palette(20)[:10] == charts.palette(10)


@pytest.mark.parametrize("extreme", [[-1e6, 1e6], [], [0.0]])
def test_a_histogram_leaves_out_no_image(extreme, tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    heights, draw = [], Axes.stairs
    monkeypatch.setattr(
        Axes, "stairs", lambda ax, h, *a, **k: (heights.append(h), draw(ax, h, *a, **k))[1]
    )
    sets = {"test": SCORES[0], "other": np.append(SCORES[1], extreme)}
    charts.histograms(tmp_path / "h.svg", sets, "kl")
    assert [h.sum() for h in heights] == pytest.approx([1] * 4)


def test_scores_that_are_all_the_same_make_a_histogram_of_one_bar(tmp_path):
    charts.histograms(tmp_path / "a.svg", {"test": np.ones(9)}, "kl")
    charts.histograms(tmp_path / "b.svg", {"test": np.ones(900)}, "kl")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
