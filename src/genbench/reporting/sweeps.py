"""The report's chapter on sweeps: quality over latent_dim x width, rate against distortion."""

import numpy as np

from ..params import Params
from . import figures, findings
from .gallery import Gallery, row
from .markup import Column, Html, join, rate, sentences, table, tag
from .summary import Study, judged_by

BETAS = [
    Column(
        "rate", "rate", "", "KL of the posterior to the prior, nats per test image.", places="value"
    ),
    Column(
        *("distortion", "distortion", "", "Negative log-likelihood given the code, nats."),
        places="value",
    ),
    Column("active_units", "active", "", "Latents whose mean varies by more than 0.01."),
    Column("fid", "FID", "lower"),
    rate("mig", "MIG", "Gap between the two latents that know most of a factor, mean."),
]


def sweep(study: Study, p: Params, gallery: Gallery) -> Html | None:
    """Quality and loss over latent_dim x width, per model."""
    parts = []
    for model in p.sweep.models:
        points = [s for s in study.sweep if s["model"] == model]
        if points:
            kept = (f"fid_{study.extractor}", *judged_by(points[0]["final"]))
            charts = [_heat_map(p, model, points, k, gallery) for k in kept]
            parts += [sentences(findings.sweep(points)), row(charts)]
    parts += _betas(study, gallery)
    seen = f"Each point is a training of its own, with {p.sweep.images:,} images."
    return join(tag("p", seen), *parts) if parts else None


def _heat_map(p: Params, model: str, points: list[dict], key: str, gallery: Gallery) -> Html:
    values = np.full((len(p.sweep.latent_dim), len(p.sweep.width)), np.nan)
    for s in points:
        at = p.sweep.latent_dim.index(s["latent_dim"]), p.sweep.width.index(s["width"])
        values[at] = s[key] if key in s else s["final"][key]
    names = {"value": key, "rows": "latent_dim", "columns": "width"}
    return gallery.chart(
        *(figures.heat_map, f"{model}/sweep-{key.replace('/', '-')}.svg", values),
        *(p.sweep.latent_dim, p.sweep.width, names),
        caption=f"{model}: {key}{', lower is better' if key.startswith('fid_') else ''}",
    )


def _betas(study: Study, gallery: Gallery) -> list[Html]:
    """What beta does to rate and distortion."""
    points = study.betas
    if not points:
        return []
    rows = [
        {"name": f"{s['beta']:g}", **s, **s.get("factors", {}), "fid": s[f"fid_{study.extractor}"]}
        for s in points
    ]
    xy = [(s["rate"], s["distortion"], f"{s['beta']:g}") for s in points]
    chart = gallery.chart(
        *(figures.rate_distortion, "rate-distortion.svg", xy),
        caption="beta_vae, a point per beta: what codes cost against what they save, nats per"
        " test image.",
    )
    lines = sentences(findings.betas(points))
    return [tag("h4", "beta"), lines, row([chart]), table(BETAS, rows, first="beta")]
