"""The chapter on latent spaces: metrics, interpolations, traversals, reconstructions."""

from ...params import Params
from ...results.latent_metrics import FACTORS, LATENT
from ...results.model import ModelResults
from ...results.run import DatasetResults
from .. import charts
from ..findings.latent import latent_findings
from ..gallery import Figure, Gallery, side_by_side
from ..tables import Row, make_table

FIGURES = {
    "classes": ("Classes", "A row per class, the same latent down each column."),
    "reconstructions": (
        "Reconstructions",
        "Odd rows: test images. Even rows: their reconstructions.",
    ),
    "reconstructions_train": (
        "Reconstructions of training images",
        "Odd rows: training images. Even rows: their reconstructions.",
    ),
    "interpolation_lerp": ("Linear interpolation", "Each row leads from one of {ends}."),
    "interpolation_slerp": (
        "Spherical interpolation",
        "Between the same ends; it keeps the latents' length.",
    ),
    "traversals": (
        "Traversals",
        "Each row moves {start} along {directions} from \N{MINUS SIGN}3 to 3 standard deviations of"
        " the prior.",
    ),
    "local_perturbations": (
        "Local perturbations",
        "Around {start}, the first column: random steps of 0.5, 1, 2 and 3 standard deviations of"
        " the prior, a row each.",
    ),
    "arithmetic": (
        "Latent arithmetic",
        "First column: test images. Then their codes, the mean of a class added and that of their"
        " own subtracted{condition}: a column per class.",
    ),
}
"""Title and caption of the figures of the stage, by name."""


def latent_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Metrics of all models, then the figures that each model has."""
    ranked = [result for result in results.ranked() if not result.is_imported]
    rows = [Row(result.model, result.latent.metrics) for result in ranked]
    factors = [Row(r.model, r.latent.factors) for r in ranked if r.latent.factors]
    return {
        "findings": latent_findings(results),
        "table": make_table(LATENT, rows, first="model"),
        "factors": make_table(FACTORS, factors, first="model") if factors else None,
        "missing": [f"{r.model}: {line}" for r in ranked if (line := _missing(r))],
        "aspects": side_by_side({r.model: _figures(r, gallery) for r in ranked}),
    }


def _missing(result: ModelResults) -> str | None:
    """Why a model has no figures, or fewer than others of its kind."""
    if not result.latent.metrics:
        return "Not measured: the stage latent did not finish."
    if not (result.paths["latent"] / "interpolation_lerp.png").exists():
        return "No interpolations: no two of the images are of one class, which both ends must be."
    return None


def _figures(result: ModelResults, gallery: Gallery) -> list[Figure]:
    words = _words(result)
    figures = []
    for name, (title, caption) in FIGURES.items():
        path = result.paths["latent"] / f"{name}.png"
        if path.exists():
            caption = caption.format(**words)
            figures.append(gallery.copy(path, f"{result.model}/{name}.png", title, caption))
    return figures + _bars(result, gallery)


def _words(result: ModelResults) -> dict[str, str]:
    """What the captions say of this kind of model."""
    if not result.has_encoder:
        return {
            "ends": "two random latents to the other",
            "start": "a random latent",
            "directions": "one of the directions in which its images change most",
        }
    by = "with the largest KL" if result.latent.kl_per_latent else "whose codes vary most"
    is_conditional = result.value("label_accuracy") is not None
    return {
        "ends": "two codes of test images, which stand at the ends, to the other",
        "start": "a test image's code",
        "directions": f"one latent, those {by} first,",
        "condition": " and the new class given" if is_conditional else "",
    }


def _bars(result: ModelResults, gallery: Gallery) -> list[Figure]:
    """The KL of each latent, or the share of each direction."""
    if kl := result.latent.kl_per_latent:
        title, x_label, values = "KL, nats", "latents, sorted", kl
        name = "kl_per_latent"
        caption = "KL of each latent's posterior to its prior, mean over test images."
    elif shares := result.latent.direction_shares:
        title, x_label, values = "share of all change", "directions, sorted", shares
        name = "direction_shares"
        caption = "How much images change along each direction of the latent space."
    else:
        return []
    spec = charts.bars(sorted(values, reverse=True), title, x_label)
    heading = "What each latent or direction carries"
    return [gallery.chart(spec, f"{result.model}/{name}.svg", heading, caption)]
