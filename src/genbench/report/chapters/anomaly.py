"""The chapters on detection: corrupted images, images of other datasets."""

from collections.abc import Mapping

import numpy as np

from ...anomaly.results import (
    EXTREMES,
    MAPS,
    METRICS_FILE,
    Decisions,
    Detection,
    DetectionResults,
    Localization,
)
from ...params import Params
from ...results.detail_metrics import AUROC, DECISIONS, DETECTION, PIXEL_AUROC, SHIFT
from ...results.model import ModelResults
from ...results.run import DatasetResults
from ...utils.record import Estimate, Number
from .. import charts, curves, line_charts
from ..findings import anomaly
from ..findings.controls import check_detection
from ..formatting import spaced
from ..gallery import Aspect, Figure, Gallery
from ..tables import Row, Table, make_table
from ..vega import assign_colors


def anomaly_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Images of defects, where there are any, and corrupted test images."""
    return {"defects": _defects(results, params, gallery), **_corruptions(results, params, gallery)}


def _defects(results: DatasetResults, params: Params, gallery: Gallery) -> dict | None:
    """Images of defects among normal test images: rates, curves, histograms."""
    scored = _with_scores(results)
    if not (results.processed.n_defects and scored):
        return None
    lines = []
    if check_detection(results).holds:
        lines += anomaly.detection_findings(results, "defects", "all", "images of defects")
        lines += anomaly.best_score(results, "defects", "all")
        lines += anomaly.hardest(results, "defect")
    return {
        "findings": lines,
        "table": _table(results, DECISIONS, "defects", "all"),
        "by_defect": _by_defect(results),
        "curves": _curves(results, params, gallery, "defects", "all", "All defects together."),
        "aspects": [_histograms(scored, gallery, "defects", {"defects": ("defects", "all")})],
    }


def _corruptions(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Corrupted test images among intact ones: decisions, rates, histograms, curves, pictures."""
    scored = _with_scores(results)
    if not params.anomaly.severities:
        return {
            "findings": ["No corrupted images: every one of anomaly.corruptions is null."],
            "table": None,
        }
    holds = check_detection(results).holds
    lines = [
        f"{result.model} was not measured: the stage anomaly did not finish."
        for result in results.ranked()
        if not (result.is_imported or (result.paths["anomaly"] / METRICS_FILE).exists())
    ]
    if holds:
        lines += anomaly.detection_findings(results, "corruptions", "all", "corrupted images")
        lines += anomaly.hardest(results, "corruption")
    lines += anomaly.false_positives(results, params.anomaly.quantile)
    if not scored:
        return {"findings": lines, "table": None}
    return {
        "findings": lines,
        "table": _table(results, DECISIONS, "corruptions", "all"),
        "corruptions": _by_corruption(results, params),
        "curves": _curves(
            results, params, gallery, "corruptions", "all", "All corruptions together."
        ),
        "aspects": [
            _histograms(scored, gallery, "anomaly", {"corrupted": ("corruptions", "all")}),
            Aspect(
                "Decisions at the threshold",
                "",
                {
                    result.model: [_confusion(result.model, decisions, gallery)]
                    for result in scored
                    if (decisions := _decisions(result))
                },
            ),
        ],
        "sets": {
            "corruptions": [spaced(name) for name in params.anomaly.severities],
            "ood_datasets": results.ood_datasets,
            "defects": list(results.processed.n_defects),
        },
        "extremes": [_pictures(scored, EXTREMES, gallery)],
        "localizations": _localizations(results),
        "maps": [_pictures([r for r in scored if r.detection.localizations], MAPS, gallery)],
    }


def _pictures(scored: list[ModelResults], name: str, gallery: Gallery) -> Aspect:
    """A picture of the stage `anomaly` of each model."""
    return Aspect(
        "",
        "",
        {
            result.model: [gallery.copy(result.paths["anomaly"] / name, f"{result.model}/{name}")]
            for result in scored
        },
    )


def _localizations(results: DatasetResults) -> Table:
    """Pixel AUROC of the maps of errors by set, below that of the mean training image."""

    def row(name: str, detections: DetectionResults) -> Row:
        found = detections.localizations
        return Row(name, {f"{each.kind} {each.name}": each.auroc for each in found})

    def label(each: Localization) -> str:
        name = "all defects" if each.kind == "defects" else spaced(each.name)
        return f"{name} ({each.n:,})"

    return make_table(
        [
            PIXEL_AUROC._replace(key=f"{each.kind} {each.name}", label=label(each))
            for each in results.baselines.localizations
        ],
        [row(result.model, result.detection) for result in results.ranked()],
        first="model",
        references=[row("distance from the mean training image", results.baselines)],
    )


def ood_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict | None:
    """Images of other datasets: rates per score, findings, curves, histograms."""
    scored = _with_scores(results)
    names = results.ood_datasets
    if not (names and scored):
        return None
    sets = []
    figures = []
    holds = check_detection(results).holds
    for name in names:
        lines = []
        if holds:
            lines += anomaly.detection_findings(results, "ood", name, f"images of {name}")
            lines += anomaly.reconstruction_hypothesis(results, name)
            lines += anomaly.best_score(results, "ood", name)
        sets.append(
            {
                "name": name,
                "preprocessing": results.processed.preprocessing[name],
                "findings": lines,
                "table": _table(results, SHIFT, "ood", name),
            }
        )
        figures += _curves(results, params, gallery, "ood", name, f"Against {name}.")
    others = {name: ("ood", name) for name in names}
    return {
        "dataset": results.dataset,
        "sets": sets,
        "curves": figures,
        "aspects": [_histograms(scored, gallery, "ood", others)],
    }


def _with_scores(results: DatasetResults) -> list[ModelResults]:
    return [result for result in results.ranked() if result.detection.main_score]


def _table(results: DatasetResults, metrics: tuple, kind: str, name: str) -> Table:
    """A row per model and score, the model's main score first, below the baselines."""
    baselines = results.baselines.by_score(kind, name)
    return make_table(
        [*DETECTION, *metrics],
        [
            Row(result.model, _values(detection), detail=spaced(score))
            for result in results.ranked()
            for score, detection in result.detection.by_score(kind, name).items()
        ],
        first="model and score",
        references=[Row(spaced(score), _values(d)) for score, d in baselines.items()],
    )


def _values(detection: Detection) -> Mapping[str, Estimate | Number]:
    """A detection by the keys of metrics; means with a standard error to either side."""
    values = {key: getattr(detection, key) for key in ("n_in", "n_out")}
    values |= {metric.key: getattr(detection, metric.key) for metric in DETECTION}
    if detection.decisions:
        values |= dict(detection.decisions)
    if shift := detection.shift:
        for key, error in (("mean_in", shift.sem_in), ("mean_out", shift.sem_out)):
            mean = getattr(shift, key)
            values[key] = Estimate(value=mean, low=mean - error, high=mean + error)
        values["effect"] = shift.effect
    return values


def _by_corruption(results: DatasetResults, params: Params) -> Table:
    """AUROC of the main score against each corruption."""
    metrics = [
        AUROC._replace(key=name, label=f"{spaced(name)} {severity:g}", note=None)
        for name, severity in params.anomaly.severities.items()
    ]
    rows = []
    for result in _with_scores(results):
        main = {
            name: result.detection.main("corruption", name) for name in params.anomaly.severities
        }
        rows.append(Row(result.model, {name: d.auroc for name, d in main.items() if d}))
    return make_table(metrics, rows, first="model")


def _by_defect(results: DatasetResults) -> Table:
    """AUROC of every score against each defect, below those of the baselines."""

    def row(name: str, detections: DetectionResults, score: str, detail: str = "") -> Row:
        by_defect = {
            defect: detections.by_score("defect", defect)[score].auroc
            for defect in detections.names("defect")
        }
        return Row(name, by_defect, detail=detail)

    return make_table(
        [
            AUROC._replace(key=name, label=f"{name} ({n:,})", note=None)
            for name, n in results.processed.n_defects.items()
        ],
        [
            row(result.model, result.detection, score, spaced(score))
            for result in results.ranked()
            for score in result.detection.by_score("defects")
        ],
        first="model and score",
        references=[
            row(spaced(score), results.baselines, score)
            for score in results.baselines.by_score("defects")
        ],
    )


def _decisions(result: ModelResults) -> Decisions | None:
    """Of the main score, on all corruptions together."""
    detection = result.detection.main("corruptions", "all")
    return detection.decisions if detection else None


def _confusion(model: str, decisions: Decisions, gallery: Gallery) -> Figure:
    counts = [[decisions.tn, decisions.fp], [decisions.fn, decisions.tp]]
    spec = charts.heat_map(
        np.array(counts, float),
        ["intact", "corrupted"],
        ["below", "above"],
        "images",
        "the threshold",
    )
    return gallery.chart(spec, f"{model}/confusion.svg")


def _histograms(
    scored: list[ModelResults], gallery: Gallery, name: str, others: dict[str, tuple[str, str]]
) -> Aspect:
    """Main scores of test images and of others, side by side."""
    return Aspect(
        "Main scores",
        "The outermost bars hold everything beyond them; dotted: the threshold.",
        {result.model: [_histogram(result, gallery, name, others)] for result in scored},
    )


def _histogram(
    result: ModelResults, gallery: Gallery, name: str, others: dict[str, tuple[str, str]]
) -> Figure:
    """Main scores of test images and of others: label -> kind and name of the set."""
    sets = {"test": result.main_scores["test", "test"]}
    for label, (kind, other) in others.items():
        scores = curves.anomalous_scores(result, kind, other)
        if scores is not None:
            sets[label] = scores
    decisions = _decisions(result)
    spec = charts.histograms(
        sets, spaced(result.detection.main_score or ""), decisions.threshold if decisions else None
    )
    return gallery.chart(spec, f"{result.model}/scores-{name}.svg")


def _curves(
    results: DatasetResults, params: Params, gallery: Gallery, kind: str, name: str, caption: str
) -> list[Figure]:
    """ROC and precision-recall curves of all models' main scores."""
    colors = assign_colors(params.models)
    figures = []
    for label, curve, draw in (
        ("roc", curves.roc, line_charts.roc),
        ("precision_recall", curves.precision_recall, line_charts.precision_recall),
    ):
        lines = {
            result.model: line
            for result in results.ranked()
            if (line := curves.detection_curve(result, kind, name, curve))
        }
        path = f"{label}-{kind}-{name}.svg" if kind == "ood" else f"{label}-{kind}.svg"
        figures.append(gallery.chart(draw(lines, colors), path, caption=caption))
    return figures
