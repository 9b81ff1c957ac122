"""t-SNE embeddings of latent codes and of features, and metrics of how faithful they are."""

import logging

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors

from .results import FEATURES, REAL, Embedding, EmbeddingMetrics

log = logging.getLogger(__name__)
ROUNDING = 1e-5
"""Points that differ by less than this share of the largest value differ by rounding."""


def tsne_of_latents(
    model: str,
    codes: np.ndarray,
    y: np.ndarray,
    *,
    n: int,
    perplexity: float,
    n_neighbors: int,
    seed: int,
) -> tuple[Embedding | None, EmbeddingMetrics]:
    """Embed at most `n` of a model's latent codes (N, D) with labels (N,).

    The metrics are those of `tsne_with_diagnostics` and of `class_structure`. Codes that cannot be
    embedded have no embedding, and `missing` says why (`why_not_embedded`).
    """
    chosen = stratified_subset(y, n, seed)
    x = codes[chosen]
    y = y[chosen]
    k = _usable_neighbors(n_neighbors, len(x))
    if missing := why_not_embedded(x, k):
        return None, EmbeddingMetrics(n=len(x), missing=missing)
    log.info("t-SNE of the latent codes of %s: %d points, from two starts", model, len(x))
    points, diagnostics = tsne_with_diagnostics(x, k, perplexity=perplexity, seed=seed)
    metrics = {"n": len(x)} | diagnostics | class_structure(x, points, y, k)
    embedding = Embedding(model, points, y, np.repeat(REAL, len(y)), chosen)
    return embedding, EmbeddingMetrics.model_validate(metrics)


def latent_structure(
    codes: np.ndarray, y: np.ndarray, *, n: int, n_neighbors: int, seed: int
) -> EmbeddingMetrics | None:
    """What `tsne_of_latents` says of classes in the space; None where there is no embedding."""
    chosen = stratified_subset(y, n, seed)
    x = codes[chosen]
    k = _usable_neighbors(n_neighbors, len(x))
    if why_not_embedded(x, k) or len(np.unique(y[chosen])) == 1:
        return None
    return EmbeddingMetrics(n=len(x), knn_accuracy=knn_accuracy(x, y[chosen], k))


def tsne_of_features(
    real: tuple[np.ndarray, np.ndarray],
    fake: dict[str, list[np.ndarray]],
    *,
    n: int,
    perplexity: float,
    n_neighbors: int,
    seed: int,
) -> tuple[Embedding | None, EmbeddingMetrics, dict[str, float]]:
    """Embed features of real and generated images in one space: `n` in all, as many of each group.

    Parameters
    ----------
    real : features (N, D) and labels (N,)
    fake : by model, features (N, D) and logits (N, K); the class is the classifier's

    Returns
    -------
    the embedding, None as in `tsne_of_latents`; metrics of `tsne_with_diagnostics`; and
    `real_neighbor_fraction` by model
    """
    n = max(2, n // (1 + len(fake)))
    chosen = stratified_subset(real[1], n, seed)
    sets = [(real[0][chosen], real[1][chosen])]
    sets += [(x[:n], logits[:n].argmax(1)) for x, logits in fake.values()]
    features, classes = (np.concatenate(arrays) for arrays in zip(*sets, strict=True))
    groups = np.repeat([REAL, *fake], [len(x) for x, _ in sets])
    shown = np.concatenate([chosen, *(np.arange(len(x)) for x, _ in sets[1:])])
    real_features, *fake_features = (x for x, _ in sets)
    k = _usable_neighbors(n_neighbors, len(real_features))
    fewest = max(1, _usable_neighbors(n_neighbors, min(len(x) for x, _ in sets)))
    fractions = {
        model: real_neighbor_fraction(real_features, x, fewest)
        for model, x in zip(fake, fake_features, strict=True)
    }
    if missing := why_not_embedded(features, k):
        return None, EmbeddingMetrics(n=len(features), missing=missing), fractions
    log.info("t-SNE of real and generated features: %d points, from two starts", len(features))
    points, diagnostics = tsne_with_diagnostics(features, k, perplexity=perplexity, seed=seed)
    metrics = EmbeddingMetrics.model_validate({"n": len(features)} | diagnostics)
    return Embedding(FEATURES, points, classes, groups, shown), metrics, fractions


def why_not_embedded(x: np.ndarray, k: int) -> str | None:
    """Why points (N, D) have no k nearest neighbors that mean anything, in words; None if they do.

    Where nearly all are equal their neighbors are any of the others, and scikit-learn's start from
    main components divides by their variance, 0.
    """
    n = len(x)
    if k < 1:
        return f"{n} are too few"
    if not np.isfinite(x).all():
        return f"not all {n} are finite"
    step = ROUNDING * np.abs(x).max() or 1.0
    n_different = len(np.unique(np.round((x - x[0]) / step), axis=0))
    if n_different == 1:
        return f"all {n} are equal"
    return f"only {n_different} of {n} differ" if n_different <= k else None


def tsne(x: np.ndarray, *, perplexity: float, seed: int, init: str = "pca") -> np.ndarray:
    """t-SNE embedding (N, 2) float32 of points (N, D), from their two main components or at random.

    The perplexity is lowered to (N - 1) / 3 where there are few points.
    Source: van der Maaten & Hinton 2008; scikit-learn's Barnes-Hut implementation.
    """
    init = init if x.shape[1] > 1 else "random"
    perplexity = min(perplexity, (len(x) - 1) / 3)
    return TSNE(perplexity=perplexity, init=init, random_state=seed).fit_transform(x)


def tsne_with_diagnostics(
    x: np.ndarray, k: int, *, perplexity: float, seed: int
) -> tuple[np.ndarray, dict[str, float]]:
    """An embedding (N, 2) of points (N, D), and how faithful it is.

    Returns
    -------
    trustworthiness : 1 when all k nearest neighbors in the embedding are neighbors in the space
        (Venna & Kaski 2001)
    stability : share of the k nearest neighbors in the embedding that are neighbors in a second
        one, from a random start; k / N for unrelated ones. From the same start, other seeds would
        give nearly the same embedding
    """
    points = tsne(x, perplexity=perplexity, seed=seed)
    other = tsne(x, perplexity=perplexity, seed=seed + 1, init="random")
    return points, {
        "trustworthiness": float(trustworthiness(x, points, n_neighbors=k)),
        "stability": knn_overlap(points, other, k),
    }


def knn_overlap(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """Share of the k nearest neighbors of each point (N, D) that are so in (N, E) as well."""
    a, b = (nearest_neighbors(points, k) for points in (x, y))
    shared = sum(np.isin(p, q, assume_unique=True).sum() for p, q in zip(a, b, strict=True))
    return float(shared / a.size)


def nearest_neighbors(x: np.ndarray, k: int) -> np.ndarray:
    """Indices (N, k) of the nearest others of each point (N, D)."""
    return NearestNeighbors(n_neighbors=k).fit(x).kneighbors(return_distance=False)


def knn_accuracy(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """Share of points (N, D) whose label (N,) is the most frequent one of their k neighbors."""
    classes, y = np.unique(y, return_inverse=True)
    votes = np.eye(len(classes))[y[nearest_neighbors(x, k)]].sum(1)
    return float((votes.argmax(1) == y).mean())


def class_structure(x: np.ndarray, points: np.ndarray, y: np.ndarray, k: int) -> dict[str, float]:
    """How well classes are separated in a space (N, D) and in its embedding (N, 2).

    Returns
    -------
    knn_accuracy, knn_accuracy_map : `knn_accuracy` in the space and in the embedding
    silhouette, silhouette_map : of the classes, from -1 to 1; left out where it is not defined

    {} where all are of one class.
    """
    metrics: dict[str, float] = {}
    if len(np.unique(y)) == 1:
        return metrics
    for suffix, space in {"": x, "_map": points}.items():
        metrics[f"knn_accuracy{suffix}"] = knn_accuracy(space, y, k)
        if len(np.unique(y)) < len(y):
            metrics[f"silhouette{suffix}"] = float(silhouette_score(space, y))
    return metrics


def real_neighbor_fraction(real: np.ndarray, fake: np.ndarray, k: int) -> float:
    """Share of real images among the k nearest neighbors of generated ones, in both sets (N, D).

    About 0.5 when the two have one distribution; 0 when they are far apart.
    """
    n = min(len(real), len(fake))
    both = np.concatenate([real[:n], fake[:n]])
    near = NearestNeighbors(n_neighbors=k + 1).fit(both).kneighbors(fake[:n], return_distance=False)
    others = near != np.arange(n, 2 * n)[:, None]
    return float(((near < n) & others).sum() / others.sum())


def _usable_neighbors(n_neighbors: int, n: int) -> int:
    # trustworthiness is defined for fewer neighbors than half of the points
    return min(n_neighbors, (n - 1) // 2)


def stratified_subset(y: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Indices of at most n of the labels (N,), drawn at random, each class by its share."""
    order = np.random.default_rng(seed).permutation(len(y))
    rank = np.empty(len(y))
    for label in np.unique(y):
        of_class = order[y[order] == label]
        rank[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return order[np.argsort(rank[order], kind="stable")][:n]
