"""The list of metrics as a whole: keys, intervals, seeds, and the metrics of halves."""

import fabricated
import numpy as np
import pytest
import torch

from genbench.evaluation.inception_score import inception_score, inception_score_of_all_images
from genbench.evaluation.kid import kid, kids_of_subsets
from genbench.evaluation.quality import INTERVALS, RealFeatures, feature_metrics
from genbench.intervals import OF_DISTANCES, OF_NEIGHBORS, random_halves
from genbench.results.metrics import QUALITY, SAMPLES
from genbench.utils import files

PARAMS = fabricated.params().evaluate.model_copy(update={"n": 400})
STDS = {"is_std", "kid_std"}


def cloud(n=400, d=6, seed=0, shift=0.0):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=(n, d)) + shift).float()


def real(n=400):
    return RealFeatures.measure(cloud(n), seed=5)


def metrics_of(fake, seed=0, **options):
    return feature_metrics(real(), fake, fake[:, :3], PARAMS, seed, **options).metrics


def test_every_metric_in_features_is_in_the_table_and_lies_in_its_interval():
    metrics = metrics_of(cloud(seed=2, shift=0.3))
    table = {metric.key for metric in (*QUALITY, *SAMPLES) if metric.by_extractor}
    assert set(metrics) == table | STDS
    without = {key for key, estimate in metrics.items() if estimate.low is None}
    assert without == {"fid_infinity"} | STDS
    for key in set(metrics) - without:
        assert metrics[key].low <= metrics[key].value <= metrics[key].high, key


def test_metrics_of_neighbors_have_wider_intervals_and_none_goes_where_no_value_can_be():
    neighbors = {"precision", "recall", "density", "coverage", "duplicates"}
    weights = {key: weight for key, (weight, _) in INTERVALS.items()}
    assert weights == {
        key: OF_NEIGHBORS if key in neighbors else OF_DISTANCES
        for key in (*neighbors, "fid", "kid", "is")
    }
    choices, fake = PARAMS.model_copy(update={"kid_subset_size": 400}), cloud(seed=3)
    alike = feature_metrics(real(), fake, fake, choices, 0).metrics
    assert alike["kid"].low < 0 < alike["kid"].high
    limits = {key: limits for key, (_, limits) in INTERVALS.items()}
    assert {limits[key] for key in neighbors - {"density"}} == {(0, 1)}
    assert limits["kid"] == (-np.inf, np.inf) and limits["is"] == (1, np.inf)
    assert limits["fid"] == limits["density"] == (0, np.inf)


def test_real_images_that_are_there_twice_hide_no_collapse_in_all_images_nor_in_halves():
    collapsed = cloud(1, seed=4).repeat(400, 1)
    pairs = RealFeatures.measure(cloud(200).repeat(2, 1), seed=5)
    metrics = feature_metrics(pairs, collapsed, collapsed[:, :3], PARAMS, 0).metrics
    duplicates = metrics["duplicates"]
    assert duplicates.value == duplicates.low == duplicates.high == 1


def test_the_interval_of_kid_holds_what_the_choice_of_subsets_adds():
    """All values are of the same images, their distance is that of all."""
    choices = PARAMS.model_copy(update={"kid_subsets": 20, "kid_subset_size": 30})
    fake, every = cloud(seed=3, shift=0.2), torch.arange(400)[None]
    truth = kids_of_subsets(real().test, fake, every, every).item()
    found = [feature_metrics(real(), fake, fake[:, :3], choices, s).metrics for s in range(12)]
    values = np.array([metrics["kid"].value for metrics in found])
    assert sum(m["kid"].low <= truth <= m["kid"].high for m in found) >= 11
    widths = np.array([m["kid"].high - m["kid"].low for m in found])
    assert (widths > 2 * 1.9 * values.std()).all()


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


@pytest.mark.parametrize("n", [2, 3, 4, 5, 11])
def test_a_handful_of_images_gives_finite_numbers(n):
    few = RealFeatures.measure(cloud(n), 0)
    measured = feature_metrics(few, cloud(n, seed=2), cloud(n, 3), PARAMS, 0)
    metrics = measured.metrics.values()
    values = [v for e in metrics for v in e.model_dump(exclude_none=True).values()]
    assert np.isfinite(values).all()
    assert (len(values) > len(metrics)) == bool(measured.halves) == (n >= 4)


def test_features_of_real_images_survive_the_file(tmp_path):
    files.save_npz(tmp_path / "real.npz", **real().arrays())
    loaded = RealFeatures.load(tmp_path / "real.npz")
    for name in ("test", "halves", "half_radii"):
        assert torch.equal(getattr(loaded, name), getattr(real(), name)), name
    assert all(map(torch.equal, loaded.radii, real().radii))


@pytest.mark.parametrize("chunk", [64, 1000])
def test_metrics_of_all_images_agree_with_those_of_subsets_that_hold_all(monkeypatch, chunk):
    monkeypatch.setattr("genbench.evaluation.kid.CHUNK", chunk)
    fake, test = cloud(300, 5, seed=3, shift=0.2), cloud(300, 5, seed=4)
    score, _ = inception_score(fake, splits=1, seed=0)
    assert inception_score_of_all_images(fake) == pytest.approx(score, rel=1e-6)
    distance, _ = kid(test, fake, subsets=1, subset_size=300, seed=0)
    a, b, every = test.double(), fake.double(), torch.arange(300)[None]
    assert kids_of_subsets(a, b, every, every).item() == pytest.approx(distance, rel=1e-9)


def test_kid_of_subsets_is_of_pairs_of_different_images_of_the_subset():
    a, b = cloud(12, 3).double(), cloud(9, 3, seed=1).double()
    rows = [torch.from_numpy(random_halves(n, n)) for n in (12, 9)]
    got = kids_of_subsets(a, b, *rows)
    for i, j, value in zip(*rows, got.tolist(), strict=True):
        kernel = lambda x, y: (x.numpy() @ y.numpy().T / 3 + 1) ** 3  # noqa: E731
        within = [kernel(x, x)[~np.eye(len(x), dtype=bool)].mean() for x in (a[i], b[j])]
        assert value == pytest.approx(sum(within) - 2 * kernel(a[i], b[j]).mean(), rel=1e-9)


def test_kid_of_subsets_is_unbiased():
    rows = torch.arange(150)[None]
    pairs = [(cloud(150, 4, 2 * s), cloud(150, 4, 2 * s + 1)) for s in range(40)]
    values = [kids_of_subsets(*pair, rows, rows).item() for pair in pairs]
    assert abs(np.mean(values)) < 3 * np.std(values) / 40**0.5
