"""A point of a sweep is measured like any samples, by the extractor of the reference."""

import fabricated
import numpy as np
import pytest
import torch

from genbench import sweep
from genbench.evaluation.extractors import classifier_extractor
from genbench.evaluation.quality import RealFeatures, feature_metrics
from genbench.evaluation.results import FEATURES, METRICS_FILE, Reference
from genbench.models.base import registry, sampling
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier
from genbench.utils import files, seeds
from genbench.utils.errors import InputError

CPU = torch.device("cpu")
PARAMS = fabricated.params(seed=5)


@pytest.fixture
def extractor(tmp_path):
    """An untrained classifier, and the reference that it measured."""
    args = {"image_shape": (1, 8, 8), "classes": 3, "network": "cnn", "width": 4, "lr": 0.1}
    torch.manual_seed(0)
    checkpoint.save(tmp_path / "classifier" / "weights.pt", Classifier(**args), **args)
    extractor = classifier_extractor(tmp_path / "classifier", CPU)
    x = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    real = RealFeatures.measure(extractor.extract(x)[0], 0)
    files.save_npz(tmp_path / "reference" / FEATURES, **real.arrays())
    reference = Reference(protocol=extractor.protocol(40, seed=9), floor={}, ceiling={})
    reference.save(tmp_path / "reference" / METRICS_FILE)
    return extractor


def measure(tmp_path, model):
    return sweep.measure_point(
        model,
        "digits",
        np.arange(60) % 3,
        classifier=tmp_path / "classifier",
        reference=tmp_path / "reference",
        params=PARAMS,
    )


@pytest.fixture
def model():
    torch.manual_seed(1)
    choices = {"latent_dim": 4, "width": 4, "lr": 0.001, "d_steps_per_g_step": 1}
    model = registry.build("cgan", (1, 8, 8), 3, **choices).eval()
    for weight in model.generator.parameters():
        weight.data.mul_(20).add_(torch.randn_like(weight))  # not gray, and others by label
    return model


def test_a_point_has_the_metrics_of_as_many_samples_as_the_reference(tmp_path, extractor, model):
    name, metrics = measure(tmp_path, model)
    seed = seeds.derive_seed(PARAMS.seed, "sample", "digits")
    y = np.arange(60) % 3
    x = sampling.sample(model, 40, y, seed)["x"]
    differs = (x != sampling.sample(model, 40, y * 0, seed)["x"]).any((1, 2, 3))
    assert differs.any() and not differs[::3].any(), "labels go round, and matter"
    fake, logits = extractor.extract(x)
    real = RealFeatures.load(tmp_path / "reference" / FEATURES)
    want = feature_metrics(real, fake, logits, PARAMS.evaluate, seed).metrics
    assert name == "classifier"
    assert {k: e.value for k, e in metrics.items()} == {k: e.value for k, e in want.items()}
    assert all(e.low is None for e in metrics.values())


def test_another_classifier_than_that_of_the_reference_is_refused(tmp_path, extractor, model):
    path = tmp_path / "reference" / METRICS_FILE
    reference = Reference.load(path)
    protocol = reference.protocol.model_copy(update={"extractor_sha256": "0" * 64})
    reference.model_copy(update={"protocol": protocol}).save(path)
    with pytest.raises(InputError, match="not the one that the reference was made with"):
        measure(tmp_path, model)
