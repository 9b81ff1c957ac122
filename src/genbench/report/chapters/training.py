"""The chapter on training: warnings, curves and snapshots of every model."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ...params import Params
from ...results.curve_metrics import part_metric
from ...results.run import DatasetResults
from ...training.results import Curve, Training
from .. import line_charts
from ..findings.quality import warnings as describe_warnings
from ..formatting import number
from ..gallery import Aspect, Figure, Gallery, side_by_side
from ..line_charts import Line
from ..vega import COLORS

SHARED = {
    "real": ("probability", "real images", 0),
    "fake": ("probability", "generated images", 1),
    "real_logit": ("logit", "real images", 0),
    "fake_logit": ("logit", "generated images", 1),
}
"""Parts that share a chart: its part, their label and their color there."""
LAYER = re.compile(r"kl_layer_(\d+)")


def training_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Warnings of all models, then snapshots and curves side by side."""
    trainings = {result.model: result.training for result in results.ranked()}
    trainings |= {each.name: each.training for each in results.failures if each.training}
    others = {r.model: [each.training for each in r.replicates] for r in results.ranked()}
    failures = [f for r in results.models for f in r.failed_seeds.values()] + results.failures
    warnings = [f"{failure.name} {failure}." for failure in failures]
    warnings += [
        f"{model}: {alarm}" for model, each in trainings.items() for alarm in each.summary.alarms
    ]
    warnings += [line for r in results.ranked() if r.replicates for line in describe_warnings(r)]
    snapshots = {model: _snapshots(model, each, gallery) for model, each in trainings.items()}
    return {
        "warnings": warnings,
        "notes": _notes(trainings, results, params),
        "aspects": [
            Aspect(
                "Snapshots",
                "The same latents, decoded at points of the training.",
                {model: figures for model, figures in snapshots.items() if figures},
                steps=True,
            ),
            *side_by_side(
                {
                    model: _curves(model, each, others.get(model, []), gallery)
                    for model, each in trainings.items()
                }
            ),
        ],
        "has_bands": any(others.values()),
    }


def _notes(trainings: dict[str, Training], results: DatasetResults, params: Params) -> list[str]:
    """On how many images models were trained, and which of their weights were kept."""
    notes = []
    if params.split.train is not None:
        notes.append(
            f"Models were trained on {params.split.train:,} of the"
            f" {results.classifier.n_train:,} training images; the classifier and the references"
            " have them all."
        )
    for model, training in trainings.items():
        if best := training.summary.selection:
            notes.append(
                f"{model}: weights after {best.images:,} images, whose FID on validation images"
                f" was the lowest, {number(best.val_fid)} (the last weights:"
                f" {number(best.last_val_fid)}); on test images {number(best.test_fid)} (the last:"
                f" {number(best.last_test_fid)}). {best.n:,} generated images, in the classifier's"
                " features."
            )
    return notes


def _snapshots(model: str, training: Training, gallery: Gallery) -> list[Figure]:
    return [
        gallery.copy(path, f"{model}/{path.name}", caption=f"{images:,} images")
        for images, path in training.snapshots.items()
    ]


def _curves(
    model: str, training: Training, others: list[Training], gallery: Gallery
) -> list[Figure]:
    """A chart per recorded part; others: trainings of the same model, which the bands span."""
    figures = []
    bands = _bands(training.curves, [each.curves for each in others])
    for part, lines in panels(training.curves, bands).items():
        metric = part_metric(part)
        spec = line_charts.training_curves(lines, metric.label)
        title = metric.label[:1].upper() + metric.label[1:]
        figures.append(gallery.chart(spec, f"{model}/{part}.svg", title, metric.note or ""))
    return figures


Bands = Mapping[tuple[str, str], tuple[list[float], list[float]]]


def _bands(curves: list[Curve], others: list[list[Curve]]) -> Bands:
    """The lowest and the highest values of all trainings, by player and part; {} for one training.

    Trainings that ended early have none.
    """
    values: dict[tuple[str, str], list[list[float]]] = {}
    length = {(curve.player, curve.part): len(curve.values) for curve in curves}
    for curve in (curve for each in [curves, *others] for curve in each):
        key = curve.player, curve.part
        if length.get(key) == len(curve.values):
            values.setdefault(key, []).append(curve.values)
    return {
        key: (np.min(each, axis=0).tolist(), np.max(each, axis=0).tolist())
        for key, each in values.items()
        if len(each) > 1
    }


def panels(curves: list[Curve], bands: Bands = MappingProxyType({})) -> dict[str, list[Line]]:
    """The curves as drawn: one chart per recorded part, with a line per player.

    Dashed is what validation images show: the first player's losses, and diagnostics.
    """
    players = list(dict.fromkeys(curve.player for curve in curves))
    charts: dict[str, list[Line]] = {}
    for curve in curves:
        is_validation = curve.player == "val"
        owner = players[0] if is_validation else curve.player
        part = curve.part
        label, color = owner if len(players) > 2 else "model", players.index(owner)
        if part in SHARED:
            part, label, color = SHARED[part]
        elif layer := LAYER.fullmatch(part):
            part, label, color = "kl_layers", f"layer {layer[1]}", int(layer[1]) - 1
        line = Line(
            label,
            curve.images,
            curve.values,
            COLORS[color % len(COLORS)],
            dashed=is_validation,
            band=bands.get((curve.player, curve.part)),
        )
        charts.setdefault(part, []).append(line)
    return charts
