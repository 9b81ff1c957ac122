"""The chapter on training: warnings, curves and snapshots of every model."""

import re

from ...params import Params
from ...results.curve_metrics import part_metric
from ...results.run import DatasetResults
from ...training.results import Curve, Training
from .. import line_charts
from ..gallery import Figure, Gallery
from ..line_charts import Line

SHARED = {
    "real": ("probability", "real images", 0),
    "fake": ("probability", "generated images", 1),
    "real_logit": ("logit", "real images", 0),
    "fake_logit": ("logit", "generated images", 1),
}
"""Parts that share a chart: its part, their label and their color there."""
NOTHING: dict[str, list] = {"warnings": [], "charts": [], "snapshots": []}
LAYER = re.compile(r"kl_layer_(\d+)")


def training_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Warnings, curves and snapshots of every model."""
    models = [_training(result.model, result.training, gallery) for result in results.ranked()]
    for failure in results.failures:
        shown = _training(failure.name, failure.training, gallery) if failure.training else {}
        models.append({**NOTHING, **shown, "name": failure.name, "failed": str(failure)})
    return {"models": models}


def _training(model: str, training: Training, gallery: Gallery) -> dict:
    return {
        "name": model,
        "failed": None,
        "warnings": training.summary.alarms,
        "charts": _charts(model, training, gallery),
        "snapshots": [
            gallery.copy(path, f"{model}/{path.name}", caption=f"{images:,} images")
            for images, path in training.snapshots.items()
        ],
    }


def _charts(model: str, training: Training, gallery: Gallery) -> list[Figure]:
    figures = []
    for part, lines in panels(training.curves).items():
        metric = part_metric(part)
        draw, name = line_charts.training_curves, f"{model}/{part}.svg"
        figures.append(gallery.chart(draw, name, lines, metric.label, caption=metric.note or ""))
    return figures


def panels(curves: list[Curve]) -> dict[str, list[Line]]:
    """The curves as drawn: one chart per recorded part, with a line per player.

    Dashed is what validation images show: the first player's losses, and diagnostics.
    """
    players = list(dict.fromkeys(curve.player for curve in curves))
    charts: dict[str, list[Line]] = {}
    for curve in curves:
        is_validation = curve.player == "val"
        owner = players[0] if is_validation else curve.player
        part = curve.part
        label, color = owner if len(players) > 2 else "training", players.index(owner)
        if part in SHARED:
            part, label, color = SHARED[part]
        elif layer := LAYER.fullmatch(part):
            part, label, color = "kl_layers", f"layer {layer[1]}", int(layer[1]) - 1
        line = Line(label, curve.images, curve.values, color, is_validation)
        charts.setdefault(part, []).append(line)
    return charts
