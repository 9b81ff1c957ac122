"""A model's samples, and everything that is measured of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from torch import Tensor

from ..bootstrap import mean_with_interval
from ..params.schema import Evaluate
from ..utils import files
from ..utils.record import Estimate, Number
from .classes import class_entropy, class_shares, classes_covered, label_accuracy
from .extractors import Extractor
from .quality import RealFeatures, feature_metrics
from .results import Protocol, Quality


@dataclass(frozen=True)
class Samples:
    """What one model generated, and its bounds on the likelihood of test images.

    sets : one or more samples of images (N, C, H, W) uint8
    weights : averaged over training (EMA), or raw: the last ones
    labels : (N,) that the first set was generated for; None for an unconditional model
    negative_elbo : (M,) nats of each test image; None for a model without a bound
    """

    sets: list[np.ndarray]
    weights: Literal["averaged", "raw"]
    labels: np.ndarray | None = None
    negative_elbo: np.ndarray | None = None

    @classmethod
    def load(cls, path: Path, n_sets: int, n: int) -> "Samples":
        """Read the arrays that the stage `sample` wrote: the first `n` images of each set."""
        arrays = files.load_arrays(path)
        x = arrays["x"]
        sets = [part[:n] for part in x.reshape(n_sets, -1, *x.shape[1:])]
        return cls(
            sets=sets,
            weights="averaged" if arrays["ema"] else "raw",
            labels=arrays["labels"][: len(sets[0])] if "labels" in arrays else None,
            negative_elbo=arrays.get("test_negative_elbo"),
        )


@dataclass(frozen=True)
class Evaluation:
    """The quality of the first set, and the classifier's features (N, D) and logits (N, K)."""

    quality: Quality
    features: Tensor
    logits: Tensor


def evaluate_samples(
    samples: Samples,
    real: RealFeatures,
    extractor: Extractor,
    classifier: Extractor,
    classes: list[str],
    test_y: np.ndarray,
    protocol: Protocol,
    params: Evaluate,
    seed: int,
) -> Evaluation:
    """Every number of one model's samples.

    real, protocol : of the reference, in features of `extractor`
    classifier : of the dataset, predicts the classes; it may be the extractor
    classes, test_y : names of the classes, and labels (N,) of all test images
    """
    x, *other_sets = samples.sets
    features, logits = extractor.extract(x)
    metrics, membership = feature_metrics(real, features, logits, params, seed)
    by_set = [metrics]
    for other in other_sets:
        features_and_logits = extractor.extract(other)
        by_set.append(feature_metrics(real, *features_and_logits, params, seed, False)[0])
    if classifier is not extractor:
        features, logits = classifier.extract(x)
    predictions = logits.argmax(1)
    quality = Quality(
        protocol=protocol.model_copy(update={"weights": samples.weights, "checkpoint": "last"}),
        n_real=len(real.test),
        n_fake=len(x),
        metrics=metrics | _other_metrics(samples, predictions, test_y, len(classes), params, seed),
        sample_sets=_values_by_metric(by_set),
        classes=class_shares(predictions, membership.in_real_manifold, classes),
    )
    return Evaluation(quality, features, logits)


def _other_metrics(
    samples: Samples,
    predictions: Tensor,
    test_y: np.ndarray,
    n_classes: int,
    params: Evaluate,
    seed: int,
) -> dict[str, Estimate]:
    """Metrics that do not depend on the extractor: of predicted classes, and the bound."""
    metrics = {
        "classes_covered": classes_covered(predictions, test_y, n_classes),
        "class_entropy": class_entropy(predictions, n_classes),
    }
    n_resamples = params.bootstrap
    if samples.labels is not None:
        metrics["label_accuracy"] = label_accuracy(predictions, samples.labels, n_resamples, seed)
    if samples.negative_elbo is not None:
        metrics["negative_elbo"] = mean_with_interval(samples.negative_elbo, n_resamples, seed)
    return metrics


def _values_by_metric(by_set: list[dict[str, Estimate]]) -> dict[str, list[Number]]:
    """The values of several sets of samples, by metric; {} for one set."""
    if len(by_set) == 1:
        return {}
    return {key: [metrics[key].value for metrics in by_set] for key in by_set[0]}
