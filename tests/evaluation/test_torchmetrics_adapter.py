"""FID, IS and KID as torchmetrics computes them from features."""

import numpy as np
import pytest
import torch

from genbench.evaluation.fid import fid
from genbench.evaluation.inception_score import inception_score
from genbench.evaluation.kid import kid


def clouds(n=200, d=5, shift=0.0, seed=0):
    random = np.random.default_rng(seed)
    return torch.as_tensor(random.normal(size=(n, d)) + shift)


def test_fid_of_a_set_and_itself_is_zero():
    assert fid(clouds(), clouds()) == pytest.approx(0, abs=1e-9)


def test_fid_agrees_with_a_matrix_square_root():
    from scipy.linalg import sqrtm

    a, b = clouds(seed=1), clouds(seed=2) * torch.tensor([1.0, 2, 3, 0.5, 1]) + 1
    (ma, ca), (mb, cb) = ((v.numpy().mean(0), np.cov(v.numpy(), rowvar=False)) for v in (a, b))
    want = np.square(ma - mb).sum() + np.trace(ca + cb - 2 * sqrtm(ca @ cb).real)
    assert fid(a, b) == pytest.approx(want, rel=1e-6)


def test_fid_of_shifted_sets_is_the_squared_shift():
    assert fid(clouds(), clouds() + 2) == pytest.approx(5 * 2**2, rel=1e-6)


def test_fid_needs_two_images():
    with pytest.raises(ValueError, match="at least 2 images each, got 1 and 200"):
        fid(clouds(n=1), clouds())


def test_the_inception_score_is_1_for_constant_and_k_for_perfect_predictions():
    perfect = 100 * torch.eye(4).repeat(25, 1)
    constant = torch.zeros(100, 4)
    score, _ = inception_score(perfect, splits=1, seed=0)
    assert score == pytest.approx(4, rel=1e-6)
    score, deviation = inception_score(constant, splits=5, seed=0)
    assert (score, deviation) == pytest.approx((1, 0), abs=1e-9)


def test_kid_agrees_with_its_definition():
    a, b = clouds(n=30, seed=3), clouds(n=30, seed=4, shift=0.5)

    def kernel(x, y):
        return (x @ y.T / 5 + 1) ** 3

    n, (aa, bb, ab) = 30, (kernel(a, a), kernel(b, b), kernel(a, b))
    want = sum((k.sum() - k.trace()) / (n * (n - 1)) for k in (aa, bb)) - 2 * ab.mean()
    mean, deviation = kid(a, b, subsets=2, subset_size=1000, seed=0)
    assert (mean, deviation) == pytest.approx((want.item(), 0), abs=1e-9)


def test_kid_of_equal_distributions_varies_around_zero():
    pairs = [(clouds(seed=2 * s), clouds(seed=2 * s + 1)) for s in range(20)]
    values = [kid(*pair, subsets=1, subset_size=200, seed=0)[0] for pair in pairs]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(20)


def test_metrics_neither_read_nor_move_the_global_random_state():
    logits = torch.randn(50, 3)
    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        scores = inception_score(logits, splits=5, seed=0)
        distances = kid(clouds(), clouds(seed=1), subsets=3, subset_size=50, seed=0)
        results.append((scores, distances))
        assert torch.equal(state, torch.get_rng_state())
    assert results[0] == results[1]
