"""Maps of latent and feature spaces, and numbers that say how far a map can be believed."""

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors


def tsne(x: np.ndarray, *, perplexity: float, seed: int) -> np.ndarray:
    """t-SNE map (N, 2) float32 of points (N, D), from a PCA start.

    The perplexity is lowered to (N - 1) / 3 where there are few points.
    Source: van der Maaten & Hinton 2008; scikit-learn's Barnes-Hut implementation.
    """
    start = "pca" if x.shape[1] > 1 else "random"
    perplexity = min(perplexity, (len(x) - 1) / 3)
    return TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(x)


def vote_accuracy(x: np.ndarray, y: np.ndarray, k: int) -> float:
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
    silhouette : of the classes in the space, from -1 to 1; left out where it has no meaning
    trustworthiness : 1 when all neighbours in the map are neighbours in the space
        (Venna & Kaski 2001)
    """
    found = {
        "knn_accuracy": vote_accuracy(x, y, k),
        "knn_accuracy_map": vote_accuracy(points, y, k),
        "trustworthiness": float(trustworthiness(x, points, n_neighbors=k)),
        "n": len(x),
    }
    if 1 < len(np.unique(y)) < len(y):
        found["silhouette"] = float(silhouette_score(x, y))
    return found


def real_neighbours(real: np.ndarray, fake: np.ndarray, k: int) -> float:
    """Share of real images among the k nearest neighbours of generated ones, in both sets (N, D).

    About 0.5 when the two cannot be told apart; 0 when generated images lie among themselves.
    """
    n = min(len(real), len(fake))
    both = np.concatenate([real[:n], fake[:n]])
    near = NearestNeighbors(n_neighbors=k + 1).fit(both).kneighbors(fake[:n], return_distance=False)
    others = near != np.arange(n, 2 * n)[:, None]
    return float(((near < n) & others).sum() / others.sum())


def _at_most(neighbours: int, n: int) -> int:
    # trustworthiness is defined for fewer neighbours than half of the points
    return min(neighbours, (n - 1) // 2)


def of_codes(
    codes: dict[str, tuple], *, n: int, perplexity: float, neighbours: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """Map each model's codes (N, D) with labels (N,), at most `n` drawn at random.

    Returns
    -------
    maps : "codes/<model>" (n, 2) float32 and "codes_y/<model>" (n,)
    numbers : `class_structure` by model
    """
    maps, numbers = {}, {}
    for model, (x, y) in codes.items():
        some = np.random.default_rng(seed).permutation(len(x))[:n]
        x, y = x[some], y[some]
        points = tsne(x, perplexity=perplexity, seed=seed)
        maps |= {f"codes/{model}": points, f"codes_y/{model}": y}
        numbers[model] = class_structure(x, points, y, _at_most(neighbours, len(x)))
    return maps, numbers


def of_features(
    real: tuple, fake: dict[str, tuple], *, n: int, perplexity: float, neighbours: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Map features of real and generated images in one space, at most `n` of each kind.

    Parameters
    ----------
    real : features (N, D) and labels (N,)
    fake : by model, features (N, D) and logits (N, K); the class is the classifier's

    Returns
    -------
    maps : "features" (M, 2), "features_y" (M,), "features_group" (M,): 0 for real and i + 1 for
        the i-th of "features_groups"
    numbers : trustworthiness of the map, and `real_neighbours` by model
    """
    some = np.random.default_rng(seed).permutation(len(real[0]))[:n]
    sets = [(real[0][some], real[1][some])]
    sets += [(x[:n], logits[:n].argmax(1)) for x, logits in fake.values()]
    x = np.concatenate([features for features, _ in sets])
    points = tsne(x, perplexity=perplexity, seed=seed)
    k = _at_most(neighbours, len(sets[0][0]))
    group = np.repeat(np.arange(len(sets)), [len(features) for features, _ in sets])
    maps = {"features": points, "features_y": np.concatenate([y for _, y in sets])}
    maps |= {"features_group": group, "features_groups": np.array(list(fake))}
    numbers = {
        "trustworthiness": float(trustworthiness(x, points, n_neighbors=k)),
        "n": len(x),
        "real_neighbours": {
            m: real_neighbours(sets[0][0], sets[i][0], k) for i, m in enumerate(fake, 1)
        },
    }
    return maps, numbers
