"""The chapters on generated images: ranking, samples, class coverage and memorization."""

from collections.abc import Sequence

import numpy as np

from ...evaluation.results import NEAREST, OWN_PREFIX
from ...params import Params
from ...results.detail_metrics import FLOPS, PARAMETERS
from ...results.latent_metrics import KNN_ACCURACY
from ...results.metric import Metric, rate
from ...results.metrics import (
    BOUND,
    CORRUPTION_AUROC,
    DEFECT_AUROC,
    OOD_AUROC,
    QUALITY,
    SAMPLES,
)
from ...results.model import ModelResults
from ...results.places import places
from ...results.run import DatasetResults
from ...utils.record import Estimate, Number
from ..caveats import with_caveats
from ..findings.classical import TITLES
from ..findings.copying import describe_copying
from ..findings.quality import has_places, ranking_findings, trained_on_its_judge
from ..formatting import number
from ..gallery import Aspect, Figure, Gallery
from ..model_charts import intervals, trade_off
from ..tables import Row, Table, make_table
from ..vega import GRAY, Spec, assign_colors

GRID_COLUMNS = 10
MAX_CLASSES = 20
"""With more classes than this, a table of them would be no help."""
NEAREST_CAPTION = (
    "Generated images (odd rows) above the training images nearest to them in the classifier's"
    " features (even rows). First pair of rows: the first images of the sample; then those nearest"
    " to a training image."
)


def ranking_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """All models by FID between floor and ceiling, a table for each protocol; then the rest."""
    groups = results.by_protocol()
    failed = [Row(each.name, {}, detail=str(each)) for each in results.failures]
    return {
        "findings": ranking_findings(results, params),
        "chart": gallery.chart(
            _intervals(results, groups[0] if groups else [], params),
            "fid.svg",
            caption="FID with its 95% interval; gray: references without a network."
            + " Thin bars: single trainings." * any(r.replicates for r in results.models),
        ),
        "trade_offs": _trade_offs(groups[0], params, gallery) if results.models else [],
        "rankings": [
            (group, _ranking(results, group, params, failed if group is groups[-1] else []))
            for group in groups
        ],
        "others": _other_metrics(results),
        "several": any(result.replicates for result in results.models),
    }


def _intervals(results: DatasetResults, group: list[ModelResults], params: Params) -> Spec:
    """FID of the models of the first protocol among the references, lowest first."""
    colors = assign_colors(params.models)
    rows = [Row(result.model, _values(result, QUALITY)) for result in group]
    if not group or group[0].protocol.extractor == results.extractor:
        rows += _references(results)
    single = {result.model: result.values("fid") for result in group if result.replicates}
    points = []
    for row in sorted(rows, key=_fid):
        fid = row.values["fid"]
        assert isinstance(fid, Estimate)
        shared = {"name": row.name, "color": colors.get(row.name, GRAY)}
        points.append(shared | {"value": fid.value, "low": fid.low, "high": fid.high})
        points += [
            shared | {"value": value, "low": None, "high": None, "is_training": True}
            for value in single.get(row.name, ())
        ]
    return intervals(points, "FID")


def _fid(row: Row) -> float:
    fid = row.values["fid"]
    assert isinstance(fid, Estimate)
    return fid.value


def _values(result: ModelResults, metrics: Sequence[Metric]) -> dict[str, Estimate | Number | None]:
    """Numbers of a model; of several trainings means."""
    return {metric.key: result.mean(metric) for metric in metrics}


def _trade_offs(group: list[ModelResults], params: Params, gallery: Gallery) -> list[Figure]:
    """FID over what a model costs."""
    colors = assign_colors(params.models)
    figures = []
    for metric in (PARAMETERS, FLOPS):
        points = [
            {
                "name": result.model,
                "x": getattr(result.training.summary, metric.key),
                "y": float(np.mean(result.values("fid"))),
                "color": colors[result.model],
            }
            for result in group
            if not result.is_imported
        ]
        if len(points) > 1 and all(point["x"] > 0 for point in points):
            spec = trade_off(points, metric.label, "FID")
            figures.append(gallery.chart(spec, f"fid-over-{metric.key}.svg"))
    return figures


def _ranking(
    results: DatasetResults, group: list[ModelResults], params: Params, failed: list[Row]
) -> Table:
    """The models of one protocol, below the references and classical generators if of the same."""
    comparable = group[0].protocol.extractor == results.extractor
    are_ranked = has_places(results)
    own = _own_metrics(group)
    metrics = [*(with_caveats(QUALITY, results.reference) if comparable else QUALITY), *own]
    rows = [
        Row(
            result.model,
            _values(result, [*QUALITY, *own]),
            rank=str(place) if are_ranked else "",
            detail=_detail(result, params),
        )
        for result, place in zip(group, places(group), strict=True)
    ]
    return make_table(
        metrics,
        [*rows, *failed],
        first="model",
        references=_references(results) if comparable else (),
    )


def _own_metrics(group: list[ModelResults]) -> list[Metric]:
    """Those that the user's own code computes, under the names of its functions."""
    keys = dict.fromkeys(key for r in group for key in r.quality.metrics)
    own = [key for key in keys if key.startswith(OWN_PREFIX)]
    note = "Of evaluate.metrics: the user's own code, of the same features; without an interval."
    return [Metric(key, key.removeprefix(OWN_PREFIX), note=note) for key in own]


def _detail(result: ModelResults, params: Params) -> str:
    """On how many trainings a row stands, and whether it may be trusted."""
    n = len(result.trainings)
    parts = [f"{n} trainings"] if n > 1 else []
    parts += ["trained on these features"] if trained_on_its_judge(result, params) else []
    return ", ".join(parts)


def _references(results: DatasetResults) -> list[Row]:
    """Real images, classical generators by FID, noise."""
    classical = results.controls.classical
    by_fid = sorted(classical, key=lambda name: classical[name].metrics["fid"].value)
    return [
        Row("real-data reference (floor)", results.reference.floor),
        *(Row(TITLES[name], classical[name].metrics, detail="classical") for name in by_fid),
        Row("noise reference (ceiling)", results.reference.ceiling),
    ]


def _other_metrics(results: DatasetResults) -> Table:
    """What the models are not ranked by."""
    of_ood = [
        OOD_AUROC._replace(key=f"ood {name}", label=f"{name} AUROC", note=None)
        for name in results.ood_datasets
    ]
    rows = []
    for result in results.ranked():
        aurocs = {"corruption_auroc": result.detection.main("corruptions", "all")}
        aurocs["defect_auroc"] = result.detection.main("defects", "all")
        aurocs |= {
            f"ood {name}": result.detection.main("ood", name) for name in results.ood_datasets
        }
        values: dict[str, Estimate | Number | None] = {
            **_values(result, SAMPLES),
            f"{BOUND.key} {result.training.summary.likelihood}": result.mean(BOUND),
            "parameters": result.training.summary.parameters or None,
        }
        values |= {key: detection.auroc for key, detection in aurocs.items() if detection}
        if result.embedding:
            values["knn_accuracy"] = result.embedding.knn_accuracy
        rows.append(Row(result.model, values))
    kinds = {result.training.summary.likelihood for result in results.models}
    bounds = _bounds(sorted(kind for kind in kinds if kind))
    metrics = [*SAMPLES, *bounds, CORRUPTION_AUROC, *of_ood, DEFECT_AUROC, KNN_ACCURACY, PARAMETERS]
    return make_table(metrics, rows, first="model")


def _bounds(kinds: list[str]) -> list[Metric]:
    """A column for each kind of likelihood, whose bounds compare within it only."""
    return [
        BOUND._replace(
            key=f"{BOUND.key} {kind}",
            label=f"{BOUND.label} ({kind})" if len(kinds) > 1 else BOUND.label,
        )
        for kind in kinds
    ]


def samples_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Generated images beside real ones."""
    x = results.processed.test_x
    some = np.linspace(0, len(x) - 1, min(len(x), GRID_COLUMNS**2)).astype(int)
    figures = {}
    for result in results.ranked():
        caption = f"FID {number(result.value('fid'))}"
        caption += f", seed {result.seed}" if result.replicates else ""
        caption += ", averaged weights" if result.training.summary.ema else ""
        caption += ", classes in turn" if result.value("label_accuracy") is not None else ""
        own = (
            {"": result.protocol.source} if result.is_imported else params.zoo.get(result.model, {})
        )
        caption += "".join(f"; {k} {v}" for k, v in own.items())
        source = result.paths["sample"] / "grid.png"
        figures[result.model] = [gallery.copy(source, f"{result.model}/grid.png", "", caption)]
    classical = []
    for name, quality in results.controls.classical.items():
        source = results.controls_folder / f"{name}.png"
        caption = f"classical, FID {number(quality.metrics['fid'].value)}"
        classical.append(gallery.copy(source, f"classical-{name}.png", TITLES[name], caption))
    return {
        "real": gallery.grid(x[some], GRID_COLUMNS, "real.png", title="real test images"),
        "aspects": [Aspect("", "", figures)],
        "classical": classical,
    }


def classes_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Which classes the images are of, and the training images nearest to them."""
    nearest = {
        result.model: [
            gallery.copy(
                result.paths["evaluate"] / NEAREST,
                f"{result.model}/nearest.png",
                caption=describe_copying(result.quality),
            )
        ]
        for result in results.ranked()
    }
    return {
        "tables": _class_tables(results) if 1 < len(results.classes) <= MAX_CLASSES else [],
        "aspects": [Aspect("Nearest training images", NEAREST_CAPTION, nearest)],
    }


def _class_tables(results: DatasetResults) -> list[tuple[str, Table]]:
    """Share and precision by class."""
    metrics = [rate(name, name, better="") for name in results.classes]
    shares = []
    precisions = []
    for result in results.ranked():
        classes = result.quality.classes
        shares.append(Row(result.model, {c.name: c.share for c in classes}))
        precisions.append(Row(result.model, {c.name: c.precision for c in classes}))
    return [
        ("Share of the generated images by class", make_table(metrics, shares, first="model")),
        ("Precision by class", make_table(metrics, precisions, first="model")),
    ]
