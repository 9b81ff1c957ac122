"""The chapter on t-SNE embeddings: latent codes by class, real and generated features."""

import numpy as np

from ...evaluation.results import SAMPLES
from ...latent.results import FEATURES, REAL, Embedding, Embeddings, load_embeddings
from ...params import Params
from ...results.latent_metrics import EMBEDDING
from ...results.run import DatasetResults, ModelResults
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
    embeddings = {each.name: each for each in load_embeddings(results.embeddings_file)}
    by_class = {name: _by_class(results, each, gallery) for name, each in embeddings.items()}
    features = by_class.pop(FEATURES, None)
    aspects = []
    if features:
        by_origin = {
            result.model: [_by_origin(results, result, embeddings[FEATURES], params, gallery)]
            for result in results.ranked()
        }
        aspects.append(Aspect("Real and generated images in one embedding", ORIGIN, by_origin))
    if by_class:
        codes = {model: [figure] for model, figure in by_class.items()}
        aspects.append(Aspect("Latent codes of test images", "", codes))
    return {
        "features": [features] if features else [],
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
        title = "The classifier's features of real test images:"
        return title, f"of the whole embedding, {', '.join(numbers)}"
    return "", ", ".join(numbers)


def _by_class(results: DatasetResults, embedding: Embedding, gallery: Gallery) -> Figure:
    """The test images of an embedding in the colors of their classes."""
    real = np.flatnonzero(embedding.groups == REAL)
    sprite = gallery.sprite(
        results.processed.test_x[embedding.images[real]], f"tsne-{embedding.name}-images.png"
    )
    points = [
        _point(embedding, i, results.classes[embedding.classes[i]], image)
        for image, i in enumerate(real)
    ]
    names = results.classes
    spec = charts.embedding(points, assign_colors(names), len(names) <= MAX_CLASSES)
    assert results.embeddings is not None
    title, caption = _describe(results.embeddings, embedding.name)
    return gallery.chart(
        spec | {"usermeta": {"sprite": sprite}}, f"tsne-{embedding.name}.png", title, caption
    )


def _by_origin(
    results: DatasetResults,
    result: ModelResults,
    embedding: Embedding,
    params: Params,
    gallery: Gallery,
) -> Figure:
    """A model's images on top of the real ones."""
    x: list[np.ndarray] = []
    points = []
    (generated,) = files.load_npz(result.paths["sample"] / SAMPLES, "x")
    for group, images in ((REAL, results.processed.test_x), (result.model, generated)):
        for i in np.flatnonzero(embedding.groups == group):
            label = results.classes[embedding.classes[i]]
            points.append(_point(embedding, i, group, len(x)) | {"class": label})
            x.append(images[embedding.images[i]])
    colors = {REAL: GRAY, result.model: assign_colors(params.models)[result.model]}
    sprite = gallery.sprite(np.stack(x), f"{result.model}/tsne-images.png")
    assert results.embeddings is not None
    share = results.embeddings.real_neighbors[result.model]
    return gallery.chart(
        charts.embedding(points, colors) | {"usermeta": {"sprite": sprite}},
        f"{result.model}/tsne-features.png",
        caption=f"{share:.1%} of the neighbors are real (gray)",
    )


def _point(embedding: Embedding, i: np.intp, line: str, image: int) -> Spec:
    x, y = embedding.points[i]
    return {"x": short(x), "y": short(y), "line": line, "image": image}
