"""The list of metrics as a whole: keys, intervals, seeds, and the two resampled metrics."""

import fabricated
import numpy as np
import pytest
import torch

from genbench import bootstrap
from genbench.evaluation.inception_score import bootstrap_inception_score, inception_score
from genbench.evaluation.kid import bootstrap_kid
from genbench.evaluation.prdc import knn_radii
from genbench.evaluation.quality import RealFeatures, feature_metrics
from genbench.results.metrics import QUALITY, SAMPLES
from genbench.utils import files

PARAMS = fabricated.params().evaluate.model_copy(update={"bootstrap": 50, "n": 400})
STDS = {"is_std", "kid_std"}


def cloud(n=400, d=6, seed=0, shift=0.0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d)) + shift).float()


def real(n=400):
    return RealFeatures(cloud(n), cloud(n, seed=1), knn_radii(cloud(n)))


def metrics_of(fake, seed=0, **options):
    metrics, _ = feature_metrics(real(), fake, fake[:, :3], PARAMS, seed, **options)
    return metrics


def test_every_metric_in_features_is_in_the_table_and_lies_in_its_interval():
    metrics = metrics_of(cloud(seed=2, shift=0.3))
    table = {metric.key for metric in (*QUALITY, *SAMPLES) if metric.by_extractor}
    assert set(metrics) == table | STDS
    without = {key for key, estimate in metrics.items() if estimate.low is None}
    assert without == {"fid_infinity"} | STDS
    for key in set(metrics) - without:
        assert metrics[key].low <= metrics[key].value <= metrics[key].high, key


def test_intervals_change_no_value():
    fake = cloud(seed=2, shift=0.3)
    without = metrics_of(fake, with_intervals=False)
    assert {k: e.value for k, e in without.items()} == {
        k: e.value for k, e in metrics_of(fake).items()
    }
    assert all(e.low is None and e.high is None for e in without.values())


def test_metrics_depend_on_the_seed_alone():
    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        state = torch.get_rng_state()
        results.append(metrics_of(cloud(seed=2)))
        assert torch.equal(state, torch.get_rng_state())
    assert results[0] == results[1]


@pytest.mark.parametrize("n", [2, 3, 5, 11])
def test_a_handful_of_images_gives_finite_numbers(n):
    few = RealFeatures(cloud(n), cloud(n, seed=1), knn_radii(cloud(n)))
    metrics, _ = feature_metrics(few, cloud(n, seed=2), cloud(n, 3), PARAMS, 0)
    values = [v for e in metrics.values() for v in e.model_dump(exclude_none=True).values()]
    assert len(values) > len(metrics) and np.isfinite(values).all()


def test_features_of_real_images_survive_the_file(tmp_path):
    files.save_npz(tmp_path / "real.npz", **real().arrays())
    loaded = RealFeatures.load(tmp_path / "real.npz")
    assert torch.equal(loaded.test, real().test) and torch.equal(loaded.train, real().train)
    assert all(map(torch.equal, loaded.radii, real().radii))


def test_resamples_with_every_image_once_give_the_metrics_themselves(monkeypatch):
    monkeypatch.setattr("genbench.evaluation.kid.CHUNK", 64)
    fake = cloud(300, 5, seed=3, shift=0.2)
    test = cloud(200, 5, seed=4)
    ones = [torch.ones(1, len(x)) for x in (test, fake)]
    kid = bootstrap_kid(test.double(), fake.double(), *(o.double() for o in ones)).item()
    score, _ = inception_score(fake, splits=1, seed=0)
    assert bootstrap_inception_score(fake, ones[1]).item() == pytest.approx(score.value, rel=1e-6)

    def kernel(x, y):
        return (x @ y.T / 5 + 1) ** 3

    a, b = test.double(), fake.double()
    want = (kernel(a, a).sum() - kernel(a, a).trace()) / (200 * 199)
    want += (kernel(b, b).sum() - kernel(b, b).trace()) / (300 * 299) - 2 * kernel(a, b).mean()
    assert kid == pytest.approx(want.item(), rel=1e-9)


def test_resampled_kid_is_of_pairs_of_different_images():
    """As by repeating images, without the pairs of an image and its copies."""
    a, b = cloud(12, 3).double(), cloud(9, 3, seed=1).double()
    counts = [bootstrap.resample_counts(n, 4, n).double() for n in (12, 9)]
    got = bootstrap_kid(a, b, *counts)
    for resample, value in zip(zip(*counts, strict=True), got.tolist(), strict=True):
        i, j = (np.repeat(np.arange(len(c)), c.int()) for c in resample)
        kernel = lambda x, y: (x.numpy() @ y.numpy().T / 3 + 1) ** 3  # noqa: E731
        within = [kernel(x, x)[k[:, None] != k].mean() for x, k in ((a[i], i), (b[j], j))]
        assert value == pytest.approx(sum(within) - 2 * kernel(a[i], b[j]).mean(), rel=1e-9)


def test_resampled_kid_is_unbiased(monkeypatch):
    monkeypatch.setattr("genbench.evaluation.kid.CHUNK", 64)
    pairs = [(cloud(150, 4, 2 * s), cloud(150, 4, 2 * s + 1)) for s in range(20)]
    counts = [bootstrap.resample_counts(150, 20, s) for s in (0, 1)]
    means = [bootstrap_kid(*pair, *counts).mean().item() for pair in pairs]
    assert abs(np.mean(means)) < 3 * np.std(means) / 20**0.5
