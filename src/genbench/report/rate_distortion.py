"""Rate against distortion of beta_vae, a point per beta."""

from . import charts
from .findings import quality
from .gallery import Gallery, row
from .html import Column, Html, rate, sentences, table, tag
from .results import DatasetResults

COLUMNS = [
    Column(
        "rate", "rate", "", "KL of the posterior to the prior, nats per test image.", places="value"
    ),
    Column(
        "distortion",
        "distortion",
        "",
        "Negative log-likelihood given the code, nats.",
        places="value",
    ),
    Column("active_units", "active", "", "Latents whose mean varies by more than 0.01."),
    Column("fid", "FID", "lower"),
    rate("mig", "MIG", "Gap between the two latents that know most of a factor, mean."),
]


def rate_distortion_section(study: DatasetResults, gallery: Gallery) -> list[Html]:
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
        charts.rate_distortion,
        "rate-distortion.svg",
        xy,
        caption="beta_vae, a point per beta: what codes cost against what they save, nats per"
        " test image.",
    )
    lines = sentences(quality.betas(points))
    return [tag("h4", "beta"), lines, row([chart]), table(COLUMNS, rows, first="beta")]
