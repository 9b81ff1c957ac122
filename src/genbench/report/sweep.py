"""The report's chapter on sweeps: what latent_dim and width do to quality, losses and cost."""

import numpy as np

from ..params import Params
from . import charts
from .findings import sweep
from .gallery import Gallery, row
from .html import Column, Html, join, rate, sentences, table, tag
from .quality import QUALITY
from .rate_distortion import rate_distortion_section
from .results import DatasetResults

COLUMNS = [
    Column("parameters", "weights", note="Of all networks together."),
    Column(
        "millions",
        "operations",
        note="Millions of floating-point operations per image seen in training, of matrix products"
        " and convolutions. Counted, and so the same on every machine; MLflow has the seconds.",
    ),
    QUALITY["fid"],
    QUALITY["precision"],
    QUALITY["recall"],
    Column("val/negative_elbo", "negative ELBO", "lower", "Nats per validation image."),
    Column("val/reconstruction", "reconstruction", "lower", "Its first part, the distortion."),
    Column("val/kl", "KL", note="Its second part, the rate."),
    Column("val/active_units", "active", note="Latents whose mean varies by more than 0.01."),
    Column("generator/loss", "generator loss", places="value"),
    Column("discriminator/loss", "discriminator loss"),
    rate(
        "val/jensen_shannon",
        "JS",
        "Jensen-Shannon divergence that the discriminator sees, in nats: 0 where it cannot tell"
        " real from generated, 0.693 where it always can.",
        better="",
    ),
    Column("critic/loss", "critic loss", places="value"),
    Column(
        "val/earth_movers_distance",
        "EMD",
        note="Earth mover's distance that the critic sees, in units of its own steepness: not to"
        " be compared between networks.",
        places="value",
    ),
    rate(
        "val/diversity",
        "diversity",
        "How much generated images vary, as a share of real ones.",
        better="",
    ),
    Column("rang", "alarms", note="Rung in training: a collapse, a dead discriminator."),
]


def sweep_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html | None:
    """Table, heat maps and effects of each model's grid; then what beta does."""
    parts = []
    for model in p.sweep.models:
        if points := sweep.points(study, model):
            parts += [tag("h4", f"{model}: latent_dim x width"), sentences(sweep.said(points))]
            parts += [_table(points), row(_heat_maps(points, p, gallery))]
            varied = [axis for axis in sweep.AXES if len({s[axis] for s in points}) > 1]
            parts += [row(_effects(points, axis, gallery)) for axis in varied]
    parts += rate_distortion_section(study, gallery)
    seen = f"Each point is a training of its own, with {p.sweep.images:,} images."
    return join(tag("p", seen), *parts) if parts else None


def _table(points: list[dict]) -> Html:
    rows = [
        {
            "name": f"{s['latent_dim']} x {s['width']}",
            "millions": s["operations"] / 1e6,
            **s,
            "rang": len(s["alarms"]),
        }
        for s in points
    ]
    return table(COLUMNS, rows, first="latent_dim x width")


def _effects(points: list[dict], axis: str, gallery: Gallery) -> list[Html]:
    """Quality, loss and cost over one choice, a line per value of the other one."""
    (other,) = (name for name in sweep.AXES if name != axis)
    drawn, model = [], points[0]["model"]
    for key in (*sweep.worth(points), *sweep.COST):
        lines: dict[str, list] = {}
        for s in sorted(points, key=lambda s: s[axis]):
            lines.setdefault(f"{other} {s[other]}", []).append((s[axis], s[key]))
        drawn.append(
            gallery.chart(
                charts.effect,
                f"{model}/{key.replace('/', '-')}-over-{axis}.svg",
                lines,
                sweep.NAMES[key],
                axis,
                caption=f"{model}: {sweep.NAMES[key]} over {axis}",
            )
        )
    return drawn


def _heat_maps(points: list[dict], p: Params, gallery: Gallery) -> list[Html]:
    """Quality and loss on the whole grid; what was not run is a dash."""
    drawn, model = [], points[0]["model"]
    for key in sweep.worth(points):
        values = np.full((len(p.sweep.latent_dim), len(p.sweep.width)), np.nan)
        for s in points:
            at = p.sweep.latent_dim.index(s["latent_dim"]), p.sweep.width.index(s["width"])
            values[at] = s[key]
        names = {"value": sweep.NAMES[key], "rows": "latent_dim", "columns": "width"}
        drawn.append(
            gallery.chart(
                charts.heat_map,
                f"{model}/sweep-{key.replace('/', '-')}.svg",
                values,
                p.sweep.latent_dim,
                p.sweep.width,
                names,
                caption=f"{model}: {sweep.NAMES[key]}",
            )
        )
    return drawn
