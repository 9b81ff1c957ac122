"""The chapter on sweeps: the effect of latent_dim, width and beta on quality, losses and cost."""

from ...evaluation.results import Reference
from ...params import Params
from ...params.schema import Sweep
from ...results.curve_metrics import curve_metric
from ...results.detail_metrics import FLOPS, PARAMETERS, WARNINGS
from ...results.latent_metrics import FACTORS, LATENT
from ...results.metric import Metric
from ...results.metrics import QUALITY
from ...results.points import SweepPoint
from ...results.run import DatasetResults
from .. import grid_charts, line_charts
from ..caveats import caveat, with_caveats
from ..findings.latent import rate_distortion_findings
from ..findings.sweep import AXES, COST, grid_findings, quality_metrics
from ..gallery import Figure, Gallery
from ..tables import Row, Table, make_table

CURVES = (
    ("val", "negative_elbo"),
    ("val", "reconstruction"),
    ("val", "kl"),
    ("val", "active_units"),
    ("generator", "loss"),
    ("discriminator", "loss"),
    ("val", "jensen_shannon"),
    ("critic", "loss"),
    ("val", "earth_movers_distance"),
    ("val", "diversity"),
)
"""Player and part of what is shown of the end of each training."""
BY_KEY = {metric.key: metric for metric in (*QUALITY, *LATENT, *FACTORS)}
GRID_METRICS = (
    PARAMETERS,
    FLOPS,
    BY_KEY["fid"],
    BY_KEY["precision"],
    BY_KEY["recall"],
    *(curve_metric(player, part) for player, part in CURVES),
    WARNINGS,
)
BETA_METRICS = tuple(BY_KEY[key] for key in ("rate", "distortion", "active_units", "fid", "mig"))


def sweep_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict | None:
    """Table, heat maps and effects of each model's grid; then the rate-distortion curve."""
    grids = []
    for model in params.sweep.models:
        points = [point for point in results.sweep if point.model == model]
        if points:
            grids.append(_grid(model, points, params.sweep, results.reference, gallery))
    if not (grids or results.rate_distortion or results.point_failures):
        return None
    return {
        "failed": [f"{failure.name} {failure}." for failure in results.point_failures],
        "images": params.sweep.images,
        "seeds": params.sweep.seeds,
        "grids": grids,
        "rate_distortion": _rate_distortion(results.rate_distortion, results.reference, gallery),
    }


def _grid(
    model: str, points: list[SweepPoint], sweep: Sweep, reference: Reference, gallery: Gallery
) -> dict:
    varied = [axis for axis in AXES if len({point.at[axis] for point in points}) > 1]
    return {
        "model": model,
        "findings": grid_findings(points, caveat(BY_KEY["fid"], reference)),
        "table": _grid_table(points, reference),
        "charts": [_chart(m, points, sweep, gallery) for m in quality_metrics(points[0])],
        "costs": [figure for axis in varied for figure in _costs(points, axis, gallery)],
    }


def _grid_table(points: list[SweepPoint], reference: Reference) -> Table:
    rows = [Row(" x ".join(str(p.at[axis]) for axis in AXES), p.values) for p in points]
    return make_table(with_caveats(GRID_METRICS, reference), rows, first="latent_dim x width")


def _costs(points: list[SweepPoint], axis: str, gallery: Gallery) -> list[Figure]:
    """Cost over one hyperparameter, a line per value of the other one."""
    (other,) = (name for name in AXES if name != axis)
    model = points[0].model
    figures = []
    for metric in COST:
        lines: dict[str, list] = {}
        for point in sorted(points, key=lambda point: point.at[axis]):
            pair = point.at[axis], point.value(metric.key)
            lines.setdefault(f"{other} {point.at[other]}", []).append(pair)
        figures.append(
            gallery.chart(
                line_charts.effect(lines, metric.label, axis),
                f"{model}/{_file_name(metric)}-over-{axis}.svg",
                caption=f"{model}: {metric.label} over {axis}",
            )
        )
    return figures


def _chart(metric: Metric, points: list[SweepPoint], sweep: Sweep, gallery: Gallery) -> Figure:
    """A metric on the whole grid, and over each axis."""
    values = {
        (int(p.at["latent_dim"]), int(p.at["width"])): float(p.value(metric.key)) for p in points
    }
    return gallery.chart(
        grid_charts.grid(values, sweep.latent_dim, sweep.width, metric.label),
        f"{points[0].model}/sweep-{_file_name(metric)}.svg",
    )


def _file_name(metric: Metric) -> str:
    return metric.key.replace("/", "-")


def _rate_distortion(
    points: list[SweepPoint], reference: Reference, gallery: Gallery
) -> dict | None:
    """Rate against distortion of beta_vae, a point per beta."""
    if not points:
        return None
    betas = [f"{point.at['beta']:g}" for point in points]
    rows = [Row(beta, point.values) for beta, point in zip(betas, points, strict=True)]
    pairs = [
        (point.value("rate"), point.value("distortion"), beta)
        for beta, point in zip(betas, points, strict=True)
    ]
    caption = (
        "beta_vae, a point per beta: rate (cost of the codes) against distortion, nats per test"
        " image."
    )
    spec = line_charts.rate_distortion(pairs)
    return {
        "findings": rate_distortion_findings(points),
        "figure": gallery.chart(spec, "rate-distortion.svg", caption=caption),
        "table": make_table(with_caveats(BETA_METRICS, reference), rows, first="beta"),
    }
