import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from genbench.latent import tsne


def blobs(n=40, d=6, apart=20.0, seed=0):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return (random.normal(size=(n, d)) + apart * y[:, None]).astype(np.float32), y


def test_classes_far_apart_are_found_by_every_number():
    x, y = blobs()
    found = tsne.class_structure(x, x[:, :2], y, k=3)
    assert found["knn_accuracy"] == found["knn_accuracy_map"] == 1
    assert found["silhouette"] > 0.8 and found["silhouette_map"] > 0.8


def test_labels_without_structure_score_chance():
    x, y = blobs(n=400, apart=0.0)
    found = tsne.class_structure(x, x[:, :2], y, k=5)
    assert found["knn_accuracy"] == pytest.approx(0.5, abs=4 * 0.5 / 20)
    assert found["silhouette"] == pytest.approx(0, abs=0.02)


def test_the_vote_agrees_with_scikit_learn_leaving_one_out():
    from sklearn.model_selection import LeaveOneOut, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    x, y = blobs(n=60, apart=1.0)
    want = cross_val_score(KNeighborsClassifier(5), x, y + 7, cv=LeaveOneOut()).mean()
    assert tsne.knn_accuracy(x, y + 7, 5) == pytest.approx(want)


def test_a_handful_of_points_still_gives_finite_numbers():
    x, y = blobs(n=5)
    maps, numbers = tsne.tsne_of_latents(
        {"vae": (x, y)}, n=100, perplexity=30, n_neighbors=10, seed=0
    )
    assert maps["codes/vae"].shape == (5, 2)
    assert np.isfinite(list(numbers["vae"].values())).all()


def test_the_numbers_of_a_map_are_those_of_scikit_learn():
    from sklearn.manifold import TSNE, trustworthiness
    from sklearn.metrics import silhouette_score

    x, y = blobs(n=90, apart=3.0)
    points, found = tsne.tsne_with_diagnostics("blobs", x, 7, perplexity=10, seed=3)
    want = TSNE(perplexity=10, init="pca", random_state=3).fit_transform(x)
    assert np.array_equal(points, want) and found["n"] == 90
    assert found["trustworthiness"] == trustworthiness(x, want, n_neighbors=7)
    structure = tsne.class_structure(x, points, y, 7)
    assert structure["silhouette"] == pytest.approx(silhouette_score(x, y))
    assert structure["silhouette_map"] == pytest.approx(silhouette_score(want, y))


def test_equal_maps_share_all_neighbours_and_unrelated_ones_a_chance_share():
    random = np.random.default_rng(0)
    x, other = random.normal(size=(2, 1000, 2))
    flipped = x @ np.array([[0.6, -0.8], [0.8, 0.6]]) * 5
    assert tsne.knn_overlap(x, flipped, 10) == 1
    assert tsne.knn_overlap(x, other, 10) == pytest.approx(0.01, abs=0.004)


def test_a_stratified_choice_keeps_the_shares_of_classes():
    y = np.repeat([0, 1, 2], [600, 300, 100])[np.random.default_rng(0).permutation(1000)]
    some = tsne.stratified(y, 100, seed=1)
    assert np.bincount(y[some]).tolist() == [60, 30, 10] and len(set(some.tolist())) == 100
    assert np.array_equal(np.sort(tsne.stratified(y, 5000, seed=1)), np.arange(1000))
    assert not np.array_equal(some, tsne.stratified(y, 100, seed=2))


@pytest.mark.parametrize("dimensions", [1, 6])
def test_the_same_seed_gives_the_same_map(dimensions):
    x, _ = blobs(d=dimensions)
    first, second = (tsne.tsne(x, perplexity=30, seed=1) for _ in range(2))
    assert first.shape == (40, 2) and np.array_equal(first, second)


def test_generated_among_real_images_have_as_many_real_neighbours():
    x, _ = blobs(n=2000, apart=0.0)
    assert tsne.real_neighbor_fraction(x[:1000], x[1000:], k=10) == pytest.approx(0.5, abs=0.02)
    assert tsne.real_neighbor_fraction(x[:1000], x[1000:] + 100, k=10) == 0


def test_real_neighbours_agrees_with_a_count_by_hand():
    real, fake = np.array([[0.0], [1.0], [10.0]]), np.array([[0.4], [0.5], [11.0]])
    both = np.concatenate([real, fake])
    near = NearestNeighbors(n_neighbors=3).fit(both).kneighbors(return_distance=False)[3:, :2]
    assert tsne.real_neighbor_fraction(real, fake, k=2) == (near < 3).mean()


def test_maps_carry_the_groups_they_were_made_of():
    x, y = blobs(n=60)
    logits = np.eye(2)[1 - y]
    fake = {"vae": (x[:30], logits[:30]), "gan": (x[30:], logits[30:])}
    maps, numbers = tsne.tsne_of_features((x, y), fake, n=60, perplexity=5, n_neighbors=3, seed=0)
    assert maps["features"].shape == (60, 2)
    assert np.bincount(maps["features_group"]).tolist() == [20, 20, 20]
    assert maps["features_groups"].tolist() == ["vae", "gan"]
    assert np.bincount(maps["features_y"][:20]).tolist() == [10, 10]
    assert maps["features_y"][20:40].tolist() == (1 - y[:20]).tolist()
    assert set(numbers["real_neighbours"]) == {"vae", "gan"} and numbers["n"] == 60
