import fabricated
import numpy as np
import pytest
import torch

from genbench import bootstrap
from genbench.evaluation import quality
from genbench.evaluation.fid import fid_from_features
from genbench.evaluation.inception_score import bootstrap_inception_score, inception_score
from genbench.evaluation.kid import bootstrap_kid
from genbench.evaluation.prdc import knn_radii
from genbench.utils import files

CHOICES = fabricated.params().evaluate.model_copy(update={"bootstrap": 50, "n": 400})


def cloud(n=400, d=6, seed=0, shift=0.0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d)) + shift).float()


def real(n=400):
    return quality.RealFeatures(cloud(n), cloud(n, seed=1), knn_radii(cloud(n)))


def measured(fake, seed=0, **options):
    return quality.evaluate_samples(
        real(), fake, fake[:, :3], "classifier", CHOICES, seed, **options
    )


def test_every_metric_carries_its_extractor_and_lies_in_its_interval():
    found = measured(cloud(seed=2, shift=0.3))
    assert all("_classifier" in name for name in found.numbers)
    assert {"fid_classifier", "is_classifier_std", "fid_infinity_classifier"} <= set(found.numbers)
    without = {"fid_infinity_classifier", "is_classifier_std", "kid_classifier_std"}
    assert set(found.intervals) == set(found.numbers) - without
    for name, (low, high) in found.intervals.items():
        assert low <= found.numbers[name] <= high, name


def test_numbers_depend_on_the_seed_alone():
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        state = torch.get_rng_state()
        found.append(measured(cloud(seed=2)))
        assert torch.equal(state, torch.get_rng_state())
    assert found[0].numbers == found[1].numbers and found[0].intervals == found[1].intervals


def test_copies_of_training_images_are_seen():
    copied = real().train + 1e-3 * cloud(seed=5)
    ratios = [
        measured(x, sure=False).numbers["nearest_ratio_classifier"] for x in (copied, cloud(seed=6))
    ]
    assert ratios[0] < 0.05 and ratios[1] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("n", [2, 3, 5, 11])
def test_a_handful_of_images_gives_finite_numbers(n):
    few = quality.RealFeatures(cloud(n), cloud(n, seed=1), knn_radii(cloud(n)))
    found = quality.evaluate_samples(few, cloud(n, seed=2), cloud(n, 3), "classifier", CHOICES, 0)
    values = [*found.numbers.values(), *np.ravel(list(found.intervals.values()))]
    assert np.isfinite(values).all()


def test_real_images_survive_the_file(tmp_path):
    files.save_npz(tmp_path / "real.npz", **real().arrays())
    stored, kept = quality.RealFeatures.load(tmp_path / "real.npz"), real()
    assert torch.equal(stored.test, kept.test) and torch.equal(stored.train, kept.train)
    assert all(map(torch.equal, stored.near, kept.near))


def test_classes_are_counted_with_their_entropy_and_precision():
    logits = torch.eye(4).repeat_interleave(torch.tensor([48, 1, 0, 51]), 0)
    precise = torch.arange(100) < 24
    numbers, table = quality.class_coverage(logits, precise, ["a", "b", "c", "d"])
    assert numbers["classes_covered"] == 2
    p = np.array([0.48, 0.01, 0.51])
    assert numbers["class_entropy"] == pytest.approx(-(p * np.log(p)).sum())
    assert table["a"] == pytest.approx({"share": 0.48, "precision": 0.5})
    assert table["c"] == {"share": 0.0, "precision": None}
    even, _ = quality.class_coverage(torch.eye(4).repeat(10, 1), torch.ones(40), list("abcd"))
    assert even["class_entropy"] == pytest.approx(np.log(4)) and even["classes_covered"] == 4


def test_a_class_is_covered_from_a_tenth_of_its_share():
    logits = torch.eye(4).repeat_interleave(torch.tensor([480, 25, 24, 471]), 0)
    assert quality.class_coverage(logits, torch.ones(1000), list("abcd"))[0]["classes_covered"] == 3


def coverage(truth, draw, n_trials=100):
    hits = [low <= truth <= high for low, high in map(draw, range(n_trials))]
    return sum(hits)


def test_intervals_of_a_mean_hold_the_truth_in_at_least_90_of_100_cases():
    def of_one(seed):
        x = np.random.default_rng(seed).exponential(size=300)
        found = quality.QualityMetrics({}, {}, None)
        found.add_mean("mean", x, 200, seed)
        return found.intervals["mean"]

    assert 90 <= coverage(1.0, of_one) < 100


def test_intervals_of_the_frechet_distance_hold_what_it_is_on_average_at_this_n():
    def pair(seed):
        return cloud(200, 3, 2 * seed), cloud(200, 3, 2 * seed + 1, 0.4)

    def of_one(seed):
        taken = (bootstrap.resample_counts(200, 100, 9 * seed + i) for i in (0, 1))
        drawn = [fid_from_features(*pair(seed), *counts) for counts in zip(*taken, strict=True)]
        return bootstrap.interval(fid_from_features(*pair(seed)), torch.tensor(drawn))

    truth = np.mean([fid_from_features(*pair(1000 + s)) for s in range(1000)])
    assert coverage(truth, of_one) >= 90


def test_resamples_take_as_many_images_as_there_are():
    counts = bootstrap.resample_counts(50, 20, 0)
    assert counts.shape == (20, 50) and set(counts.sum(1).tolist()) == {50.0}
    assert not torch.equal(counts[0], counts[1])


def test_draws_with_every_image_once_are_the_metrics_themselves():
    fake, test = cloud(300, 5, seed=3, shift=0.2), cloud(200, 5, seed=4)
    ones = [torch.ones(1, len(x)) for x in (test, fake)]
    kid = bootstrap_kid(test.double(), fake.double(), *(o.double() for o in ones)).item()
    assert bootstrap_inception_score(fake, ones[1]).item() == pytest.approx(
        inception_score(fake, splits=1, seed=0)[0], rel=1e-6
    )

    def kernel(x, y):
        return (x @ y.T / 5 + 1) ** 3

    a, b = test.double(), fake.double()
    want = (kernel(a, a).sum() - kernel(a, a).trace()) / (200 * 199)
    want += (kernel(b, b).sum() - kernel(b, b).trace()) / (300 * 299) - 2 * kernel(a, b).mean()
    assert kid == pytest.approx(want.item(), rel=1e-9)


def test_draws_of_the_kernel_distance_are_unbiased_over_resamples(monkeypatch):
    monkeypatch.setattr("genbench.evaluation.kid.CHUNK", 64)
    pairs = [(cloud(150, 4, 2 * s), cloud(150, 4, 2 * s + 1)) for s in range(20)]
    counts = [bootstrap.resample_counts(150, 20, s) for s in (0, 1)]
    found = [bootstrap_kid(*pair, *counts).mean().item() for pair in pairs]
    assert abs(np.mean(found)) < 3 * np.std(found) / 20**0.5
