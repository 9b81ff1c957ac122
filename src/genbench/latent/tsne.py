"""Maps of latent and feature spaces, and numbers that say how far a map can be believed."""

import sys

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors


def tsne(x: np.ndarray, *, perplexity: float, seed: int, start: str = "pca") -> np.ndarray:
    """t-SNE map (N, 2) float32 of points (N, D), from their two main components or at random.

    The perplexity is lowered to (N - 1) / 3 where there are few points.
    Source: van der Maaten & Hinton 2008; scikit-learn's Barnes-Hut implementation.
    """
    start = start if x.shape[1] > 1 else "random"
    perplexity = min(perplexity, (len(x) - 1) / 3)
    return TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(x)


def tsne_with_diagnostics(
    what: str, x: np.ndarray, k: int, *, perplexity: float, seed: int
) -> tuple[np.ndarray, dict[str, float]]:
    """A map (N, 2) of points (N, D), and how far it can be believed.

    Returns
    -------
    trustworthiness : 1 when all k neighbours in the map are neighbours in the space
        (Venna & Kaski 2001)
    stability : share of the k nearest neighbours in the map that a second map, from a random
        start, has as well; k / N for unrelated ones. From the same start, other seeds would give
        nearly the same map
    """
    print(f"t-SNE of {what}: {len(x):,} points, from two starts", file=sys.stderr, flush=True)
    points = tsne(x, perplexity=perplexity, seed=seed)
    other = tsne(x, perplexity=perplexity, seed=seed + 1, start="random")
    return points, {
        "trustworthiness": float(trustworthiness(x, points, n_neighbors=k)),
        "stability": knn_overlap(points, other, k),
        "n": len(x),
    }


def knn_overlap(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """Share of the k nearest neighbours of each point (N, D) that it has in (N, E) as well."""
    near = [
        NearestNeighbors(n_neighbors=k).fit(v).kneighbors(return_distance=False) for v in (x, y)
    ]
    return float((near[0][:, :, None] == near[1][:, None]).any(2).mean())


def knn_accuracy(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """Share of points (N, D) whose k nearest others have their label (N,) most often."""
    near = NearestNeighbors(n_neighbors=k).fit(x).kneighbors(return_distance=False)
    names, y = np.unique(y, return_inverse=True)
    votes = np.eye(len(names))[y[near]].sum(1)
    return float((votes.argmax(1) == y).mean())


def class_structure(x: np.ndarray, points: np.ndarray, y: np.ndarray, k: int) -> dict[str, float]:
    """How classes lie in a space (N, D) and in its map (N, 2).

    Returns
    -------
    knn_accuracy, knn_accuracy_map : `vote_accuracy` in the space and in the map
    silhouette, silhouette_map : of the classes, from -1 to 1; left out where it has no meaning
    """
    found = {}
    for name, at in {"": x, "_map": points}.items():
        found[f"knn_accuracy{name}"] = knn_accuracy(at, y, k)
        if 1 < len(np.unique(y)) < len(y):
            found[f"silhouette{name}"] = float(silhouette_score(at, y))
    return found


def real_neighbor_fraction(real: np.ndarray, fake: np.ndarray, k: int) -> float:
    """Share of real images among the k nearest neighbours of generated ones, in both sets (N, D).

    About 0.5 when the two cannot be told apart; 0 when generated images lie among themselves.
    """
    n = min(len(real), len(fake))
    both = np.concatenate([real[:n], fake[:n]])
    near = NearestNeighbors(n_neighbors=k + 1).fit(both).kneighbors(fake[:n], return_distance=False)
    others = near != np.arange(n, 2 * n)[:, None]
    return float(((near < n) & others).sum() / others.sum())


def _usable_neighbors(n_neighbors: int, n: int) -> int:
    # trustworthiness is defined for fewer neighbours than half of the points
    return min(n_neighbors, (n - 1) // 2)


def stratified(y: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Places of at most n of the labels (N,), drawn at random, each class by its share."""
    order = np.random.default_rng(seed).permutation(len(y))
    rank = np.empty(len(y))
    for label in np.unique(y):
        of_class = order[y[order] == label]
        rank[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return order[np.argsort(rank[order], kind="stable")][:n]


def tsne_of_latents(
    codes: dict[str, tuple], *, n: int, perplexity: float, n_neighbors: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """Map each model's codes (N, D) with labels (N,), at most `n` of them.

    Returns
    -------
    maps : "codes/<model>" (n, 2) float32 and "codes_y/<model>" (n,)
    numbers : those of `mapped` and of `class_structure`, by model
    """
    maps, numbers = {}, {}
    for model, (x, y) in codes.items():
        some = stratified(y, n, seed)
        x, y = x[some], y[some]
        k = _usable_neighbors(n_neighbors, len(x))
        points, about = tsne_with_diagnostics(
            f"codes of {model}", x, k, perplexity=perplexity, seed=seed
        )
        maps |= {f"codes/{model}": points, f"codes_y/{model}": y}
        numbers[model] = about | class_structure(x, points, y, k)
    return maps, numbers


def tsne_of_features(
    real: tuple, fake: dict[str, tuple], *, n: int, perplexity: float, n_neighbors: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Map features of real and generated images in one space: `n` in all, as many of each kind.

    Parameters
    ----------
    real : features (N, D) and labels (N,)
    fake : by model, features (N, D) and logits (N, K); the class is the classifier's

    Returns
    -------
    maps : "features" (M, 2), "features_y" (M,), "features_group" (M,): 0 for real and i + 1 for
        the i-th of "features_groups"
    numbers : those of `mapped`, and `real_neighbours` by model
    """
    n = max(2, n // (1 + len(fake)))
    some = stratified(real[1], n, seed)
    sets = [(real[0][some], real[1][some])]
    sets += [(x[:n], logits[:n].argmax(1)) for x, logits in fake.values()]
    x = np.concatenate([features for features, _ in sets])
    k = _usable_neighbors(n_neighbors, len(sets[0][0]))
    about = "features of real and generated images"
    points, numbers = tsne_with_diagnostics(about, x, k, perplexity=perplexity, seed=seed)
    group = np.repeat(np.arange(len(sets)), [len(features) for features, _ in sets])
    maps = {"features": points, "features_y": np.concatenate([y for _, y in sets])}
    maps |= {"features_group": group, "features_groups": np.array(list(fake))}
    numbers["real_neighbours"] = {
        m: real_neighbor_fraction(sets[0][0], sets[i][0], k) for i, m in enumerate(fake, 1)
    }
    return maps, numbers
