"""A model's whole quality: what is measured of labels, bounds, classes and several sets."""

import fabricated
import numpy as np
import pytest
import torch

from genbench.evaluation.extractors import Extractor
from genbench.evaluation.memorization import TrainingImages
from genbench.evaluation.prdc import nearest_neighbor
from genbench.evaluation.quality import RealFeatures
from genbench.evaluation.samples import RealImages, Samples, evaluate_samples
from genbench.utils import files

PARAMS = fabricated.params().evaluate
CLASSES = ["a", "b", "c"]


def extract(x):
    features = torch.as_tensor(x).flatten(1).float() / 255
    return features, 10 * features[:, :3]


EXTRACTOR = Extractor("inception", "0", "none", extract)
CLASSIFIER = Extractor("classifier", "1", "none", lambda x: tuple(2 * v for v in extract(x)))


def pictures(n, seed):
    return np.random.default_rng(seed).integers(0, 256, (n, 1, 4, 4), dtype=np.uint8)


def real(classifier, n=60):
    test, train = pictures(n, 0), classifier.extract(pictures(n, 1))[0]
    return RealImages(
        RealFeatures.measure(extract(test)[0], 0),
        TrainingImages(train, nearest_neighbor(classifier.extract(test)[0], train)[0]),
        CLASSES,
        np.arange(n) % 3,
        EXTRACTOR.protocol(n, seed=0),
    )


def evaluate(samples, classifier=CLASSIFIER):
    return evaluate_samples(samples, real(classifier), EXTRACTOR, classifier, PARAMS, seed=3)


def test_classes_are_predicted_by_the_classifier_and_metrics_use_the_extractor():
    x = pictures(60, 2)
    evaluation = evaluate(Samples([x], "raw"))
    assert torch.equal(evaluation.features, 2 * extract(x)[0])
    counts = extract(x)[1].argmax(1).bincount(minlength=3)
    shares = {row.name: row.share for row in evaluation.quality.classes}
    assert shares == pytest.approx(dict(zip(CLASSES, (counts / 60).tolist(), strict=True)))
    own = evaluate(Samples([x], "raw"), classifier=EXTRACTOR)
    assert torch.equal(own.features, extract(x)[0]) and own.quality == evaluation.quality


def test_labels_and_bounds_are_measured_where_there_are_any():
    x = pictures(60, 2)
    labels = extract(x)[1].argmax(1).numpy()
    quality = evaluate(Samples([x], "averaged", labels, np.arange(9.0))).quality
    assert quality.metrics["label_accuracy"].value == 1
    assert quality.metrics["negative_elbo"].value == 4
    others = evaluate(Samples([x])).quality.metrics
    assert quality.metrics.keys() - others.keys() == {"label_accuracy", "negative_elbo"}


@pytest.mark.parametrize("ema, weights", [(True, "averaged"), (False, "raw")])
def test_samples_are_read_by_set_with_their_labels(tmp_path, ema, weights):
    x = pictures(20, 2)
    files.save_npz(tmp_path / "s.npz", x=x, labels=np.arange(20), ema=np.array(ema))
    samples = Samples.of(files.load_arrays(tmp_path / "s.npz"), n_sets=2, n=8)
    assert samples.weights == weights and samples.negative_elbo is None
    np.testing.assert_array_equal(samples.sets, [x[:8], x[10:18]])
    np.testing.assert_array_equal(samples.labels, np.arange(8))


def test_the_protocol_names_the_weights_of_a_model_where_there_is_one():
    x = pictures(60, 2)
    protocols = [evaluate(Samples([x], w)).quality.protocol for w in ("raw", None)]
    found = [(protocol.weights, protocol.checkpoint) for protocol in protocols]
    assert found == [("raw", "last"), (None, None)]
