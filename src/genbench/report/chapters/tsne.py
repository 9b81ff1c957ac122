"""The chapter on t-SNE embeddings: latent codes by class, real and generated features."""

import numpy as np

from ...evaluation.results import SAMPLES
from ...latent.results import FEATURES, REAL, Embedding, Embeddings, load_embeddings
from ...params import Params
from ...results.latent_metrics import EMBEDDING
from ...results.run import DatasetResults
from ...utils import files
from .. import charts
from ..formatting import number
from ..gallery import Aspect, Figure, Gallery
from ..vega import GRAY, Spec, assign_colors, short

MAX_CLASSES = 20
"""Of more, a legend would be taller than the embedding."""
ORIGIN = (
    "The classifier's features. Below each: the share of real images among the nearest neighbors of"
    " generated ones, in feature space; 50% where the two cannot be told apart, 0% where they are"
    " separate."
)


def tsne_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """Real against generated features; codes of each model with an encoder by class."""
    if results.embeddings is None:
        missing = ["No embeddings: a stage before them did not finish."]
        return {"missing": missing, "features": [], "aspects": []}
    models = {REAL: GRAY, **assign_colors(params.models)}
    all_features = []
    by_class = {}
    aspects = []
    names = results.classes if len(results.classes) > 1 else ["image"]
    for embedding in load_embeddings(results.embeddings_file):
        points, sprite = _points(results, embedding, names, gallery)
        spec = _by_class(names, points, sprite)
        title, caption = _describe(results.embeddings, embedding.name)
        if embedding.name == FEATURES:
            colors = {name: models[name] for name in dict.fromkeys(p["from"] for p in points)}
            variant = {"label": "by model", "line": "from", "colors": colors}
            spec["usermeta"]["variants"] = [variant]
            spec |= {"width": 560, "height": 460}
            origin = _by_origin(results, points, sprite, colors, gallery)
            aspects.append(Aspect("Real and generated images in one embedding", ORIGIN, origin))
        figure = gallery.chart(spec, f"tsne-{embedding.name}.png", title, caption)
        if embedding.name == FEATURES:
            all_features.append(figure)
        else:
            by_class[embedding.name] = [figure]
    if by_class:
        aspects.append(Aspect("Latent codes of test images", "", by_class))
    return {
        "features": all_features,
        "missing": _missing(results.embeddings),
        "aspects": aspects,
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
        title = "The classifier's features of real images (dots) and of generated ones (crosses)"
        return title, ", ".join(numbers)
    return "", ", ".join(numbers)


def _points(
    results: DatasetResults, embedding: Embedding, names: list[str], gallery: Gallery
) -> tuple[list[Spec], Spec]:
    """The points of an embedding for `charts.embedding`, by class, and their images' sheet."""
    sources = {REAL: results.processed.test_x}
    for result in results.models:
        if result.model in embedding.groups:
            (sources[result.model],) = files.load_npz(result.paths["sample"] / SAMPLES, "x")
    shown = [i for i, group in enumerate(embedding.groups) if group in sources]
    points = [
        {
            "x": short(embedding.points[i, 0]),
            "y": short(embedding.points[i, 1]),
            "line": names[embedding.classes[i]],
            "from": str(embedding.groups[i]),
            "is_real": bool(embedding.groups[i] == REAL),
            "image": place,
        }
        for place, i in enumerate(shown)
    ]
    images = np.stack([sources[embedding.groups[i]][embedding.images[i]] for i in shown])
    return points, gallery.sprite(images, f"tsne-{embedding.name}-images.png")


def _by_class(names: list[str], points: list[Spec], sprite: Spec) -> Spec:
    """All points in the colors of their classes."""
    spec = charts.embedding(points, assign_colors(names), len(names) <= MAX_CLASSES)
    return spec | {"usermeta": {"sprite": sprite}}


def _by_origin(
    results: DatasetResults,
    points: list[Spec],
    sprite: Spec,
    colors: dict[str, str],
    gallery: Gallery,
) -> dict[str, list[Figure]]:
    """Each model's images on top of the real ones."""
    assert results.embeddings is not None
    figures = {}
    for result in results.ranked():
        both = (REAL, result.model)
        some = [
            point | {"line": point["from"], "from": point["line"]}
            for point in points
            if point["from"] in both
        ]
        spec = charts.embedding(some, {name: colors[name] for name in both})
        share = results.embeddings.real_neighbors[result.model]
        figure = gallery.chart(
            spec | {"usermeta": {"sprite": sprite}},
            f"{result.model}/tsne-features.png",
            caption=f"{share:.1%} of the neighbors are real (gray)",
        )
        figures[result.model] = [figure]
    return figures
