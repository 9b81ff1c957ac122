"""Every metric of samples is of the right images against the right ones, as is its interval."""

import fabricated
import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from genbench.evaluation.extractors import Extractor
from genbench.evaluation.memorization import TrainingImages, copying, nearest_figure
from genbench.evaluation.prdc import knn_radii
from genbench.evaluation.quality import INTERVALS, RealFeatures, feature_metrics
from genbench.evaluation.results import Protocol
from genbench.evaluation.samples import RealImages, Samples, evaluate_samples
from genbench.intervals import estimate, random_halves
from genbench.utils import files

N, D, K = 80, 5, 4
CHOICES = {"is_splits": 1, "kid_subsets": 2, "kid_subset_size": 1000}


def choices(**changes):
    return fabricated.params().evaluate.model_copy(update=CHOICES | changes)


def cloud(n, seed, shift=0.0, scale=1.0):
    x = np.random.default_rng(seed).normal(size=(n, D)) * scale + shift
    return torch.as_tensor(x).float()


@pytest.fixture(scope="module")
def sets():
    """Test images, generated ones with some near-duplicates, and their logits."""
    test, fake = cloud(N, 1), cloud(N, 3, 0.4, 1.2)
    fake[:9] = fake[9:18] + 1e-3
    logits = torch.as_tensor(np.random.default_rng(4).normal(size=(N, K)) * 2)
    return test, fake, logits


def measured(sets, seed=0, **options):
    test, fake, logits = sets
    return feature_metrics(RealFeatures.measure(test, 8), fake, logits, choices(**options), seed)


def frechet(a, b):
    covariances = np.cov(a.T), np.cov(b.T)
    root = sqrtm(covariances[0] @ covariances[1]).real
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sum(covariances) - 2 * root)


def kid(a, b):
    def kernel(x, y):
        return (x @ y.T / D + 1) ** 3

    off = [(kernel(x, x).sum() - np.trace(kernel(x, x))) / len(x) / (len(x) - 1) for x in (a, b)]
    return sum(off) - 2 * kernel(a, b).mean()


def inception_score(logits):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return np.exp((p * np.log(p / p.mean(0))).sum(1).mean())


def by_image(sets):
    """What the means over images are of: for each metric whose images they are, and numbers."""
    test, fake, _ = (x.double().numpy() for x in sets)
    radius = {k: np.sort(cdist(test, test), 1)[:, k] for k in (1, 3, 5)}
    fake_radius = {k: np.sort(cdist(fake, fake), 1)[:, k] for k in (1, 3)}
    far = cdist(fake, test)
    return {
        "precision": (far <= radius[3]).any(1),
        "recall": (far.T <= fake_radius[3]).any(1),
        "density": (far <= radius[5]).sum(1) / 5,
        "coverage": (far <= radius[5]).any(0),
        "duplicates": fake_radius[1] < np.quantile(radius[1], 0.01),
    }


def by_definition(sets):
    """Every metric that has an interval, of all images of the sets."""
    test, fake, logits = (x.double().numpy() for x in sets)
    values = {name: of_images.mean() for name, of_images in by_image(sets).items()}
    return values | {
        "fid": frechet(test, fake),
        "kid": kid(test, fake),
        "is": inception_score(logits),
    }


def test_every_value_is_its_definition(sets):
    metrics, _, membership = measured(sets)
    want = by_definition(sets) | {"kid_std": 0, "is_std": 0}
    assert metrics.keys() - want.keys() == {"fid_infinity"}
    for name, value in want.items():
        assert metrics[name].value == pytest.approx(value, rel=1e-4, abs=1e-5), name
    assert 0 < want["duplicates"] < 0.5
    assert len({round(value, 3) for value in want.values()}) == len(want) - 1
    np.testing.assert_array_equal(membership.in_real_manifold, by_image(sets)["precision"])


def test_the_limit_of_fid_is_between_test_and_generated_images():
    n = 4000
    test, none = cloud(n, 10), torch.empty(0)
    real = RealFeatures(test, knn_radii(test), none, none)
    fake = feature_metrics(real, cloud(n, 12, 0.5), cloud(n, 13), choices(), 0, False)
    limit = fake.metrics["fid_infinity"].value
    assert limit == pytest.approx(D * 0.5**2, abs=4 * 2 * 0.5 * (2 * D / n) ** 0.5)


@pytest.mark.parametrize("n_fake", [N, 50])
def test_halves_are_of_the_real_images_that_all_share_and_of_as_large_a_part_of_the_others(
    sets, n_fake
):
    test, fake, logits = sets[0], sets[1][:n_fake], sets[2][:n_fake]
    real = RealFeatures.measure(test, 8)
    metrics, halves, _ = feature_metrics(real, fake, logits, choices(), 3)
    rows = random_halves(n_fake, 3)
    for key, values in halves.items():
        weight, limits = INTERVALS[key]
        noise = metrics["kid_std"].value / 2**0.5 if key == "kid" else 0  # of two subsets
        assert metrics[key] == estimate(metrics[key].value, values, weight, limits, noise), key
        for i, (some, others) in enumerate(zip(real.halves, rows, strict=True)):
            want = by_definition((test[some], fake[others], logits[others]))[key]
            assert values[i] == pytest.approx(want, rel=1e-3, abs=1e-4), (key, i)


def test_a_seed_draws_halves_subsets_and_splits_and_moves_no_other_value(sets):
    options = {"is_splits": 3, "kid_subset_size": 30}
    one, other = (measured(sets, seed=seed, **options).metrics for seed in (1, 2))
    drawn = {"fid_infinity", "kid", "kid_std", "is", "is_std"}
    assert {name for name in one if one[name].value != other[name].value} == drawn
    assert min(one[name].value for name in ("kid_std", "is_std")) > 1e-3
    for name in one.keys() - {"fid_infinity", "kid_std", "is_std"}:
        assert (one[name].low, one[name].high) != (other[name].low, other[name].high), name


def extractor(name, columns):
    """Features are the pixels, scaled; logits some of them."""

    def extract(x):
        pixels = torch.as_tensor(x).flatten(1).float() / 255
        return pixels[:, :D], 9 * pixels[:, columns]

    return Extractor(name, f"hash of {name}", f"size of {name}", extract)


OWN, OTHER = extractor("inception", [0, 1, 2, 3]), extractor("classifier", [7, 5, 4])


def pictures(n, seed):
    return np.random.default_rng(seed).integers(0, 256, (n, 1, 3, 3), dtype=np.uint8)


def test_the_quality_of_samples_is_of_the_first_set_by_extractor_and_classifier(tmp_path):
    x = pictures(3 * 50, 0)
    elbo, labels = np.random.default_rng(5).normal(40, 3, 33), np.arange(150) % 3
    arrays = {"x": x, "labels": labels, "ema": np.array(False), "test_negative_elbo": elbo}
    files.save_npz(tmp_path / "s.npz", **arrays)
    samples = Samples.of(files.load_arrays(tmp_path / "s.npz"), n_sets=3, n=40)
    test, train = OWN.extract(pictures(44, 1))[0], OTHER.extract(pictures(60, 2))[0]
    training = TrainingImages(train, torch.linspace(0.1, 0.9, 44))
    protocol = OWN.protocol(40, seed=7)
    features, labels_of_test = RealFeatures.measure(test, 8), np.arange(40) % 3
    real = RealImages(features, training, ["a", "b", "c"], labels_of_test, protocol)
    found = evaluate_samples(samples, real, OWN, OTHER, choices(), seed=3)
    quality, features = found.quality, [OWN.extract(x[i : i + 40])[0] for i in (0, 50, 100)]
    fids = [frechet(test.numpy(), part.numpy()) for part in features]
    assert quality.metrics["fid"].value == pytest.approx(fids[0], rel=1e-4)
    assert quality.sample_sets["fid"] == pytest.approx(fids, rel=1e-4)
    assert (quality.n_real, quality.n_fake) == (44, 40)
    predicted = OTHER.extract(x[:40])[1].argmax(1).numpy()
    assert torch.equal(found.logits, OTHER.extract(x[:40])[1])
    radius = np.sort(cdist(test, test), 1)[:, 3]
    inside = (cdist(features[0], test) <= radius).any(1)
    for k, row in enumerate(quality.classes):
        assert row.share == pytest.approx((predicted == k).mean())
        assert row.precision == pytest.approx(inside[predicted == k].mean())
    shares = np.bincount(predicted) / 40
    entropy = -(shares * np.log(shares)).sum()
    assert quality.metrics["class_entropy"].value == pytest.approx(entropy, rel=1e-5)
    accuracy = quality.metrics["label_accuracy"]
    assert accuracy.value == pytest.approx((predicted == labels[:40]).mean())
    bound = quality.metrics["negative_elbo"]
    assert bound.value == pytest.approx(elbo.mean())
    assert bound.high - bound.low == pytest.approx(2 * 1.96 * elbo.std() / 33**0.5, rel=0.3)
    far = cdist(OTHER.extract(x[:40])[0], train)
    np.testing.assert_allclose(found.distances, far.min(1), rtol=1e-4)
    assert np.array_equal(found.neighbors, far.argmin(1))
    assert copying(found.distances, training.test_distances).items() <= quality.metrics.items()
    assert quality.halves.keys() == INTERVALS.keys()
    assert quality.protocol == Protocol(
        extractor="inception",
        extractor_sha256="hash of inception",
        resize="size of inception",
        n=40,
        split="test",
        seed=7,
        weights="raw",
        checkpoint="last",
    )


def test_the_figure_of_nearest_images_has_the_first_images_and_then_the_closest():
    """Flat images; each has a training image at a distance of its own."""
    rng = np.random.default_rng(0)
    gray = rng.permutation(250)[:60].astype(np.uint8)
    flat = lambda levels: np.tile(levels[:, None, None, None], (1, 1, 8, 8))  # noqa: E731
    distances = torch.as_tensor(rng.permutation(60) / 1000)
    picture = nearest_figure(flat(gray), distances, flat(255 - gray))
    rows = picture[32::66, 32::66, 0]
    closest = np.argsort(distances)[:44].reshape(2, 22)
    want = gray[np.concatenate([np.arange(22)[None], closest])]
    assert np.array_equal(rows[::2], want) and np.array_equal(rows[1::2], 255 - want)
