import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from genbench.latent import tsne
from genbench.latent.results import Embedding, load_embeddings, save_embeddings


def blobs(n=40, d=6, apart=20.0, seed=0):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return (random.normal(size=(n, d)) + apart * y[:, None]).astype(np.float32), y


def test_classes_far_apart_are_separated_in_every_metric():
    x, y = blobs()
    metrics = tsne.class_structure(x, x[:, :2], y, k=3)
    assert metrics["knn_accuracy"] == metrics["knn_accuracy_map"] == 1
    assert metrics["silhouette"] > 0.8 and metrics["silhouette_map"] > 0.8


def test_labels_without_structure_score_chance():
    x, y = blobs(n=400, apart=0.0)
    metrics = tsne.class_structure(x, x[:, :2], y, k=5)
    assert metrics["knn_accuracy"] == pytest.approx(0.5, abs=4 * 0.5 / 20)
    assert metrics["silhouette"] == pytest.approx(0, abs=0.02)


def test_the_vote_agrees_with_scikit_learn_leaving_one_out():
    from sklearn.model_selection import LeaveOneOut, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    x, y = blobs(n=60, apart=1.0)
    want = cross_val_score(KNeighborsClassifier(5), x, y + 7, cv=LeaveOneOut()).mean()
    assert tsne.knn_accuracy(x, y + 7, 5) == pytest.approx(want)


def test_a_handful_of_points_still_gives_finite_numbers():
    x, y = blobs(n=5)
    embedding, metrics = tsne.tsne_of_latents(
        "vae", x, y, n=100, perplexity=30, n_neighbors=10, seed=0
    )
    assert embedding.name == "vae" and embedding.points.shape == (5, 2)
    assert np.isfinite(list(metrics.model_dump(exclude_none=True).values())).all()


def test_the_diagnostics_of_an_embedding_are_those_of_scikit_learn():
    from sklearn.manifold import TSNE, trustworthiness
    from sklearn.metrics import silhouette_score

    x, y = blobs(n=90, apart=3.0)
    points, metrics = tsne.tsne_with_diagnostics(x, 7, perplexity=10, seed=3)
    want = TSNE(perplexity=10, init="pca", random_state=3).fit_transform(x)
    assert np.array_equal(points, want)
    assert metrics["trustworthiness"] == trustworthiness(x, want, n_neighbors=7)
    other = TSNE(perplexity=10, init="random", random_state=4).fit_transform(x)
    shared = [
        len({*a} & {*b}) / 7
        for a, b in zip(*(tsne.nearest_neighbors(p, 7) for p in (want, other)), strict=True)
    ]
    assert metrics["stability"] == pytest.approx(np.mean(shared)) and np.mean(shared) < 1
    structure = tsne.class_structure(x, points, y, 7)
    assert structure["silhouette"] == pytest.approx(silhouette_score(x, y))
    assert structure["silhouette_map"] == pytest.approx(silhouette_score(want, y))


def test_latents_are_embedded_with_their_own_classes():
    x, y = blobs(n=200)
    embedding, metrics = tsne.tsne_of_latents(
        "vae", x, y, n=60, perplexity=8, n_neighbors=5, seed=0
    )
    assert metrics.n == 60 and np.bincount(embedding.classes).tolist() == [30, 30]
    assert metrics.knn_accuracy == metrics.knn_accuracy_map == 1
    assert metrics.silhouette > 0.8
    assert tsne.knn_accuracy(embedding.points, embedding.classes, 5) == 1


def test_equal_embeddings_share_all_neighbors_and_unrelated_ones_a_chance_share():
    random = np.random.default_rng(0)
    x, other = random.normal(size=(2, 1000, 2))
    flipped = x @ np.array([[0.6, -0.8], [0.8, 0.6]]) * 5
    assert tsne.knn_overlap(x, flipped, 10) == 1
    assert tsne.knn_overlap(x, other, 10) == pytest.approx(0.01, abs=0.004)


def test_half_of_all_points_as_neighbors_take_memory_for_one_point_at_a_time():
    x, other = np.random.default_rng(0).normal(size=(2, 1000, 2))
    tracemalloc.start()
    assert tsne.knn_overlap(x, other, 499) == pytest.approx(0.5, abs=0.02)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6  # of 1000 x 499 x 499 comparisons at once: 249e6


def test_a_stratified_subset_keeps_the_shares_of_classes():
    y = np.repeat([0, 1, 2], [600, 300, 100])[np.random.default_rng(0).permutation(1000)]
    chosen = tsne.stratified_subset(y, 100, seed=1)
    assert np.bincount(y[chosen]).tolist() == [60, 30, 10] and len(set(chosen.tolist())) == 100
    assert np.array_equal(np.sort(tsne.stratified_subset(y, 5000, seed=1)), np.arange(1000))
    assert not np.array_equal(chosen, tsne.stratified_subset(y, 100, seed=2))


@pytest.mark.parametrize("dimensions", [1, 6])
def test_the_same_seed_gives_the_same_embedding(dimensions):
    x, _ = blobs(d=dimensions)
    first, second = (tsne.tsne(x, perplexity=30, seed=1) for _ in range(2))
    assert first.shape == (40, 2) and np.array_equal(first, second)


def test_generated_among_real_images_have_as_many_real_neighbors():
    x, _ = blobs(n=2000, apart=0.0)
    assert tsne.real_neighbor_fraction(x[:1000], x[1000:], k=10) == pytest.approx(0.5, abs=0.02)
    assert tsne.real_neighbor_fraction(x[:1000], x[1000:] + 100, k=10) == 0


def test_real_neighbor_fraction_agrees_with_a_count_by_hand():
    real, fake = np.array([[0.0], [1.0], [10.0]]), np.array([[0.4], [0.5], [11.0]])
    both = np.concatenate([real, fake])
    near = NearestNeighbors(n_neighbors=3).fit(both).kneighbors(return_distance=False)[3:, :2]
    assert tsne.real_neighbor_fraction(real, fake, k=2) == (near < 3).mean()


def test_two_images_of_each_group_have_no_embedding_and_a_share_of_neighbors():
    x, y = blobs(n=40)
    fake = {f"model {i}": (x + i, np.eye(2)[y]) for i in range(8)}
    embedding, metrics, fractions = tsne.tsne_of_features(
        (x, y), fake, n=10, perplexity=1, n_neighbors=1, seed=0
    )
    assert embedding is None and metrics.missing == "18 are too few"
    assert all(0 <= fractions[model] <= 1 for model in fake)


def test_few_generated_images_have_a_share_of_as_many_neighbors_as_there_can_be():
    x, y = blobs(n=40)
    fake = {"vae": (x[:10], np.eye(2)[y[:10]])}
    options = {"n": 80, "perplexity": 5, "n_neighbors": 10**6, "seed": 0}
    _, _, fractions = tsne.tsne_of_features((x, y), fake, **options)
    chosen = x[tsne.stratified_subset(y, 40, 0)]
    assert fractions == {"vae": tsne.real_neighbor_fraction(chosen, x[:10], 4)}


def test_features_are_embedded_in_groups_of_one_size():
    order = np.random.default_rng(1).permutation(60)
    x, y = (values[order] for values in blobs(n=60))
    logits = np.eye(2)[1 - y]
    fake = {"vae": (x[:30], logits[:30]), "gan": (x[30:] + 1e3, logits[30:])}
    embedding, metrics, fractions = tsne.tsne_of_features(
        (x, y), fake, n=60, perplexity=5, n_neighbors=3, seed=0
    )
    assert embedding.name == "features" and embedding.points.shape == (60, 2)
    assert embedding.groups.tolist() == ["real"] * 20 + ["vae"] * 20 + ["gan"] * 20
    assert np.bincount(embedding.classes[:20]).tolist() == [10, 10]
    assert embedding.classes[20:40].tolist() == (1 - y[:20]).tolist()
    assert embedding.images[:20].tolist() == tsne.stratified_subset(y, 20, 0).tolist()
    assert embedding.images[20:].tolist() == [*range(20)] * 2
    assert metrics.n == 60 and list(fractions) == ["vae", "gan"] and fractions["gan"] == 0
    real = embedding.groups == "real"
    assert tsne.knn_accuracy(embedding.points[real], embedding.classes[real], 1) == 1
    chosen = x[tsne.stratified_subset(y, 20, 0)]
    assert fractions["vae"] == tsne.real_neighbor_fraction(chosen, x[:20], 3)
    assert fractions["vae"] != tsne.real_neighbor_fraction(x[:20], chosen, 3)


def test_embeddings_come_back_from_their_file(tmp_path):
    random = np.random.default_rng(0)
    embeddings = [
        Embedding(
            name,
            random.normal(size=(n, 2)).astype(np.float32),
            random.integers(0, 3, n),
            np.array([["real", "a_gan"][i % 2] for i in range(n)]),
            random.integers(0, 9, n),
        )
        for name, n in {"vae": 4, "vae/features": 2, "features": 7}.items()
    ]
    save_embeddings(tmp_path / "embeddings.npz", embeddings)
    loaded = load_embeddings(tmp_path / "embeddings.npz")
    assert [e.name for e in loaded] == ["vae", "vae/features", "features"]
    for before, after in zip(embeddings, loaded, strict=True):
        for column in ("points", "classes", "groups", "images"):
            assert np.array_equal(getattr(before, column), getattr(after, column))
            assert getattr(before, column).dtype == getattr(after, column).dtype


RANDOM = np.random.default_rng(0)
WITHOUT_NEIGHBORS = {
    "zero": (np.zeros((60, 16)), "all 60 are equal"),
    "equal": (np.ones((60, 16)), "all 60 are equal"),
    "equal but for rounding": (5 + 1e-6 * RANDOM.random((60, 16)), "all 60 are equal"),
    "equal in one latent": (np.ones((60, 1)), "all 60 are equal"),
    "three": (RANDOM.random((3, 16)).repeat(20, 0), "only 3 of 60 differ"),
    "two points": (RANDOM.random((2, 16)), "2 are too few"),
    "not finite": (np.full((60, 16), np.nan), "not all 60 are finite"),
}


@pytest.mark.parametrize("name", WITHOUT_NEIGHBORS)
def test_points_without_neighbors_that_mean_anything_have_a_reason_and_no_embedding(name):
    x, reason = WITHOUT_NEIGHBORS[name]
    x, y = x.astype(np.float32), np.arange(len(x)) % 2
    options = {"n": 100, "perplexity": 30, "n_neighbors": 10, "seed": 0}
    embedding, metrics = tsne.tsne_of_latents("vae", x, y, **options)
    assert embedding is None and metrics.missing == reason
    assert metrics.trustworthiness is metrics.knn_accuracy is None


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_points_that_differ_are_embedded_whatever_their_scale(scale):
    x, y = blobs()
    assert tsne.why_not_embedded(scale * x, 10) is None
    line = np.eye(16)[np.zeros(40, int)] * np.arange(40)[:, None]
    assert tsne.why_not_embedded(scale * line, 10) is None


def test_equal_features_have_no_embedding_but_a_share_of_real_neighbors():
    x, y = np.ones((30, 4), np.float32), np.arange(30) % 3
    options = {"n": 100, "perplexity": 30, "n_neighbors": 5, "seed": 0}
    embedding, metrics, shares = tsne.tsne_of_features((x, y), {"gan": [x, x[:, :3]]}, **options)
    assert embedding is None and metrics.missing == "all 60 are equal"
    assert 0 <= shares["gan"] <= 1


def test_no_embedding_at_all_can_be_written_and_read(tmp_path):
    save_embeddings(tmp_path / "e.npz", [])
    assert load_embeddings(tmp_path / "e.npz") == []
