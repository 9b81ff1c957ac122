"""A trial is measured by the functions of the stages, and as far as its choices say."""

import fabricated
import numpy as np
import pytest
import torch

from genbench.evaluation.extractors import classifier_extractor
from genbench.evaluation.quality import RealFeatures, feature_metrics
from genbench.evaluation.results import FEATURES, METRICS_FILE, Reference
from genbench.models.base import registry, sampling
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier
from genbench.trials.measure import Inputs, measure_trial
from genbench.trials.results import Trial, trial_name
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
    features = extractor.extract(x)[0]
    real = RealFeatures.measure(features, 0)
    arrays = {"train": features.numpy(), "test": features.numpy(), "test_distances": np.ones(40)}
    files.save_npz(tmp_path / "reference" / FEATURES, **arrays, **real.arrays())
    y = np.arange(60) % 3
    parts = {"train_x": np.resize(x, (60, 1, 8, 8)), "train_y": y, "val_x": x, "val_y": y[:40]}
    parts |= {"test_x": x, "test_y": y[:40], "classes": np.array(["a", "b", "c"])}
    names = np.array([], dtype=str)
    files.save_npz(tmp_path / "digits.npz", ood_names=names, defect_names=names, **parts)
    reference = Reference(protocol=extractor.protocol(40, seed=9), floor={}, ceiling={})
    reference.save(tmp_path / "reference" / METRICS_FILE)
    return extractor


def measure(tmp_path, model, **at):
    return measure_trial(
        Trial(model="cgan", at=at),
        model,
        ema=True,
        inputs=Inputs(
            "digits",
            data=tmp_path / "digits.npz",
            classifier=tmp_path / "classifier",
            reference=tmp_path / "reference",
        ),
        params=PARAMS.at_point(at),
    )


@pytest.fixture
def model():
    torch.manual_seed(1)
    choices = {"latent_dim": 4, "width": 4, "lr": 0.001, "d_steps_per_g_step": 1}
    model = registry.build("cgan", (1, 8, 8), 3, **choices).eval()
    for weight in model.generator.parameters():
        weight.data.mul_(20).add_(torch.randn_like(weight))  # not gray, and others by label
    return model


def test_a_trial_has_the_metrics_of_samples_of_its_own_seed(tmp_path, extractor, model):
    trial = measure(tmp_path, model, seed=7)
    y = np.arange(60) % 3
    x = sampling.sample(model, 100, y, seeds.derive_seed(7, "sample", "digits"))["x"][:40]
    fake, logits = extractor.extract(x)
    real = RealFeatures.load(tmp_path / "reference" / FEATURES)
    seed = seeds.derive_seed(PARAMS.data_seed, "metrics", "digits")
    want = feature_metrics(real, fake, logits, PARAMS.evaluate, seed).metrics
    assert trial.extractor == "classifier" and trial.quality.protocol.weights == "averaged"
    assert {key: trial.metrics[key] for key in want} == want
    assert trial.metrics["label_accuracy"].value <= 1
    others = measure(tmp_path, model, seed=8).metrics
    assert others["fid"] != trial.metrics["fid"]


def test_a_point_of_a_grid_has_the_same_values_without_intervals(tmp_path, extractor, model):
    point = measure(tmp_path, model, latent_dim=4, width=4, seed=7)
    trial = measure(tmp_path, model, seed=7)
    of_samples = trial.quality.metrics
    assert point.metrics.keys() == of_samples.keys() and point.quality.halves == {}
    assert [m.value for m in point.metrics.values()] == [m.value for m in of_samples.values()]
    assert of_samples["fid"].low is not None and point.metrics["fid"].low is None


def test_what_is_measured_depends_on_what_differs(tmp_path, extractor, model):
    grid = measure(tmp_path, model, latent_dim=4, width=4, seed=0)
    assert (grid.latent, grid.detection) == (None, None)
    beta = measure(tmp_path, model, beta=4.0, seed=0)
    assert beta.latent is not None and beta.detection is None
    seed = measure(tmp_path, model, seed=1)
    assert seed.latent is not None and seed.detection is not None and seed.embedding is None


def test_another_classifier_than_that_of_the_reference_is_refused(tmp_path, extractor, model):
    path = tmp_path / "reference" / METRICS_FILE
    reference = Reference.load(path)
    protocol = reference.protocol.model_copy(update={"extractor_sha256": "0" * 64})
    reference.model_copy(update={"protocol": protocol}).save(path)
    with pytest.raises(InputError, match="not the one that the reference was made with"):
        measure(tmp_path, model, seed=1)


def test_names_tell_trials_apart_in_the_order_of_their_choices():
    assert trial_name("vae", {"latent_dim": 16, "width": 4, "seed": 0}) == "vae-16-4-0"
    assert trial_name("vae", {"latent_dim": 4, "width": 16, "seed": 0}) == "vae-4-16-0"
    assert trial_name("gan", {"seed": 3}) == "gan-3"
