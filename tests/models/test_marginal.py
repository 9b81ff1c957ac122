"""Scores of conditional models without labels: of the sum over classes, or of the best class."""

from pathlib import Path

import numpy as np
import pytest
import torch

from genbench import params
from genbench.anomaly.detection import detection_results, detection_sets
from genbench.anomaly.results import SetScores
from genbench.anomaly.scores import Scorer
from genbench.models.base import registry
from genbench.models.base.marginal import by_class, log_class_shares, marginal_scores
from genbench.utils import files

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")


def build(name):
    """A small conditional model whose weights have moved, so that labels matter."""
    torch.manual_seed(0)
    args = SHIPPED.build_args(name) | {"width": 4, "latent_dim": 4}
    model = registry.build(name, (1, 8, 8), 3, **args)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return model.eval()


def pictures(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 1, 8, 8), dtype=np.uint8)


Y = np.repeat([0, 1, 2], [50, 30, 20])


def test_shares_are_those_of_the_labels():
    assert log_class_shares(Y).exp().tolist() == pytest.approx([0.5, 0.3, 0.2])


def test_scores_by_class_have_a_row_per_class_in_the_order_of_their_shares():
    x = torch.arange(4.0).view(4, 1, 1, 1)
    rows = by_class(lambda y: 10 * y + x.flatten(), x, log_class_shares(Y))
    assert rows.tolist() == [[10 * k + i for i in range(4)] for k in range(3)]


def test_without_a_bound_the_main_score_chooses_the_label():
    class Two:
        conditional = True

        def scores(self, x, y):
            return {"main": (y - 1.0).abs(), "other": -1.0 * y}

    scores, labels = marginal_scores(Two(), torch.zeros(2, 1, 8, 8), log_class_shares(Y))
    assert labels.tolist() == [1, 1] and scores["other"].tolist() == [-1, -1]


def test_the_bound_is_that_of_the_sum_over_classes_by_their_shares():
    model, x = build("cvae"), torch.from_numpy(pictures(5)).float() / 127.5 - 1
    with torch.no_grad():
        scores, labels = marginal_scores(model, x, log_class_shares(Y))
        each = [model.scores(x, torch.full((5,), k)) for k in range(3)]
    bounds = torch.stack([scores["negative_elbo"] for scores in each]).double().numpy()
    shares = np.array([0.5, 0.3, 0.2])[:, None]
    lowest = bounds.min()
    want = lowest - np.log((shares * np.exp(lowest - bounds)).sum(0))
    np.testing.assert_allclose(scores["negative_elbo"], want, rtol=1e-5)
    likeliest = (np.log(shares) - bounds).argmax(0)
    assert labels.tolist() == likeliest.tolist()
    for i, k in enumerate(likeliest):
        assert scores["kl"][i] == each[k]["kl"][i]


def test_a_discriminator_is_given_the_label_that_it_finds_most_real():
    model, x = build("cgan"), torch.from_numpy(pictures(40)).float() / 127.5 - 1
    with torch.no_grad():
        scores, labels = marginal_scores(model, x, log_class_shares(Y))
        logits = torch.stack([model.logits(x, torch.full((40,), k)) for k in range(3)])
    torch.testing.assert_close(scores["discriminator"], -logits.max(0).values)
    assert labels.tolist() == logits.argmax(0).tolist() and len(set(labels.tolist())) > 1
    with torch.no_grad():
        _, labels = marginal_scores(model, x, torch.tensor([-torch.inf, 0.0, -torch.inf]))
    assert set(labels.tolist()) == {1}, "a class without training images is none"


@pytest.mark.parametrize("name", ["cgan", "cvae"])
def test_images_that_are_the_test_images_themselves_are_detected_by_chance(name, tmp_path):
    random = np.random.default_rng(1)
    test = pictures(60, seed=2)
    arrays = {"test_x": test, "val_x": pictures(20, seed=3), "ood_names": np.array(["same"])}
    arrays |= {"test_y": random.integers(0, 3, 60), "val_y": random.integers(0, 3, 20)}
    files.save_npz(tmp_path / "digits.npz", **arrays, ood_same_x=test[::-1])
    scorer = Scorer(build(name), pictures(100, seed=4), Y)
    sets = detection_sets(SHIPPED, "digits", tmp_path / "digits.npz")
    scores = [SetScores(part.kind, part.name, scorer(part.x)) for part in sets]
    found = detection_results(scores, 0.95).by_score("ood", "same")
    for score, detection in found.items():
        assert detection.auroc.value == pytest.approx(0.5, abs=1e-6), score
