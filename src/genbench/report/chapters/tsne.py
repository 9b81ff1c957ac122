"""The chapter on t-SNE embeddings: latent codes by class, real and generated features."""

import numpy as np

from ...latent.results import FEATURES, REAL, Embedding, Embeddings, load_embeddings
from ...params import Params
from ...results.latent_metrics import EMBEDDING
from ...results.run import DatasetResults
from ...utils.record import Number
from .. import charts
from ..formatting import number
from ..gallery import Figure, Gallery

NOTHING: dict[str, list] = {"by_class": [], "legend": [], "metrics": [], "by_origin": []}


def tsne_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Codes of each model with an encoder by class; real against generated features."""
    if results.embeddings is None:
        return {**NOTHING, "missing": ["No embeddings: a stage before them did not finish."]}
    palette = charts.palette(len(results.classes))
    colors = np.array(palette)
    every = [*results.embeddings.codes.values(), results.embeddings.features]
    measured = {key for each in every for key, value in each if value is not None}
    by_class = []
    by_origin = []
    for embedding in load_embeddings(results.embeddings_file):
        real = embedding.groups == REAL
        layers = [(embedding.points[real], colors[embedding.classes[real]])]
        name = f"tsne-{embedding.name}.png"
        title, caption = _describe(results.embeddings, embedding.name)
        by_class.append(gallery.chart(charts.embedding, name, layers, title=title, caption=caption))
        if embedding.name == FEATURES:
            by_origin = _by_origin(results, results.embeddings.real_neighbors, embedding, gallery)
    return {
        "by_class": by_class,
        "missing": _missing(results.embeddings),
        "legend": list(zip(results.classes, palette, strict=True)) if len(palette) > 1 else [],
        "metrics": [metric for metric in EMBEDDING if metric.note and metric.key in measured],
        "by_origin": by_origin,
    }


def _missing(embeddings: Embeddings) -> list[str]:
    """Which embeddings there are none of, and why."""
    metrics = {f"codes of {name}": each for name, each in embeddings.codes.items()}
    metrics["features"] = embeddings.features
    return [
        f"No embedding of the {name}: {each.missing}."
        for name, each in metrics.items()
        if each.missing
    ]


def _describe(embeddings: Embeddings, name: str) -> tuple[str, str]:
    """Title and caption of an embedding by class."""
    is_features = name == FEATURES
    metrics = embeddings.features if is_features else embeddings.codes[name]
    values = {metric.label: getattr(metrics, metric.key) for metric in EMBEDDING}
    numbers = [f"{label} {number(value)}" for label, value in values.items() if value is not None]
    if is_features:
        title = "classifier's features of real test images:"
        return title, f"of the whole embedding, {', '.join(numbers)}"
    return f"{name}, codes of test images:", ", ".join(numbers)


def _by_origin(
    results: DatasetResults, shares: dict[str, Number], embedding: Embedding, gallery: Gallery
) -> list[Figure]:
    """Each model's images on top of the real ones."""
    colors = charts.assign_colors([result.model for result in results.models])
    real = embedding.points[embedding.groups == REAL], charts.GRAY
    figures = []
    for result in results.ranked():
        fake = embedding.points[embedding.groups == result.model], colors[result.model]
        name = f"{result.model}/tsne-features.png"
        caption = f"{shares[result.model]:.1%} of the neighbors are real (gray)"
        figures.append(
            gallery.chart(charts.embedding, name, [real, fake], title=result.model, caption=caption)
        )
    return figures
