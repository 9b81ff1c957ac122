"""A model's samples, and everything that is measured of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..intervals import mean_with_interval
from ..params import Params
from ..params.schema import Evaluate
from ..utils import files, seeds
from ..utils.record import Estimate, Number
from .classes import class_entropy, class_shares, classes_covered
from .extractors import Extractor, classifier_extractor, load_matching_extractor
from .memorization import TrainingImages, copying
from .own import FOLDER, Metric, load_metrics
from .prdc import nearest_neighbor
from .quality import NONE, RealFeatures, feature_metrics
from .results import FEATURES, Protocol, Quality, Reference


@dataclass(frozen=True)
class Samples:
    """What one model generated, and its bounds on the likelihood of test images.

    sets : one or more samples of images (N, C, H, W) uint8
    weights : averaged over training (EMA), or raw: the last ones; None without a network
    labels : (N,) that the first set was generated for; None for an unconditional model
    negative_elbo : (M,) nats of each test image; None for a model without a bound
    source : of images that were made elsewhere, in words
    checkpoint : weights of the end, or of the lowest FID on validation images
    """

    sets: list[np.ndarray]
    weights: Literal["averaged", "raw"] | None = None
    labels: np.ndarray | None = None
    negative_elbo: np.ndarray | None = None
    source: str | None = None
    checkpoint: Literal["last", "best"] = "last"

    @classmethod
    def of(cls, arrays: Mapping[str, Any], n_sets: int, n: int) -> "Samples":
        """From the arrays that the stage `sample` writes: the first `n` images of each set."""
        x = arrays["x"]
        if "source" in arrays:
            return cls([x[:n]], source=str(arrays["source"]))
        sets = [part[:n] for part in x.reshape(n_sets, -1, *x.shape[1:])]
        return cls(
            sets=sets,
            weights="averaged" if arrays["ema"] else "raw",
            checkpoint="best" if "selected" in arrays else "last",
            labels=arrays["labels"][: len(sets[0])] if "labels" in arrays else None,
            negative_elbo=arrays.get("test_negative_elbo"),
        )


class RealImages(NamedTuple):
    """What samples are compared with.

    features : of test images, in those of the protocol's extractor
    training : in the classifier's features
    classes, test_y : names of the classes, and labels (M,) of all test images
    """

    features: RealFeatures
    training: TrainingImages
    classes: list[str]
    test_y: np.ndarray
    protocol: Protocol

    @classmethod
    def load(cls, data: Path, reference: Path, protocol: Protocol) -> "RealImages":
        """From the file of the processed dataset and the folder of the stage `reference`."""
        classes, test_y = files.load_npz(data, "classes", "test_y")
        features = reference / FEATURES
        real = RealFeatures.load(features), TrainingImages.load(features)
        return cls(*real, classes.tolist(), test_y, protocol)


@dataclass(frozen=True)
class Evaluation:
    """The quality of the first set; of its images, in the order generated, what follows.

    features, logits : (N, D) and (N, K), by the classifier
    distances, neighbors : (N,), to the nearest training image in these features, and which it is
    """

    quality: Quality
    features: Tensor
    logits: Tensor
    distances: Tensor
    neighbors: Tensor


class Inputs(NamedTuple):
    """Results of other stages that the images of a dataset are measured with.

    data : the file of the processed dataset
    classifier, reference : folders of these stages
    own : the folder with copies of the user's own metrics and extractor
    """

    dataset: str
    data: Path
    classifier: Path
    reference: Path
    own: Path = FOLDER


def evaluate_arrays(
    arrays: Mapping[str, Any],
    inputs: Inputs,
    params: Params,
    device: torch.device,
    with_intervals: bool = True,
) -> Evaluation:
    """Every number of arrays as the stage `sample` writes them, under the protocol of a dataset."""
    protocol = Reference.of(inputs.reference).protocol
    network = classifier_extractor(inputs.classifier, device)
    return evaluate_samples(
        Samples.of(arrays, params.evaluate.sample_sets, protocol.n),
        RealImages.load(inputs.data, inputs.reference, protocol),
        extractor=load_matching_extractor(protocol, params.evaluate, network, device, inputs.own),
        classifier=network,
        params=params.evaluate,
        seed=seeds.derive_seed(params.data_seed, "metrics", inputs.dataset),
        with_intervals=with_intervals,
        own=load_metrics(params.evaluate, inputs.own),
    )


def evaluate_samples(
    samples: Samples,
    real: RealImages,
    extractor: Extractor,
    classifier: Extractor,
    params: Evaluate,
    seed: int,
    with_intervals: bool = True,
    own: Mapping[str, Metric] = NONE,
) -> Evaluation:
    """Every number of one model's samples.

    extractor : of the protocol
    classifier : of the dataset, predicts the classes; it may be the extractor
    with_intervals : of the metrics in the extractor's features, which take most of the time
    own : metrics of the user's in the same features
    """
    x, *other_sets = samples.sets
    features, logits = extractor.extract(x)
    measured = feature_metrics(real.features, features, logits, params, seed, with_intervals, own)
    by_set = [measured.metrics]
    for other in other_sets:
        outputs = extractor.extract(other)
        by_set.append(feature_metrics(real.features, *outputs, params, seed, False, own).metrics)
    if classifier is not extractor:
        features, logits = classifier.extract(x)
    predictions = logits.argmax(1)
    distances, neighbors = nearest_neighbor(features, real.training.features)
    in_real_manifold = measured.membership.in_real_manifold
    quality = Quality(
        protocol=real.protocol.model_copy(update=_generated_by(samples, real.protocol.n)),
        n_real=len(real.features.test),
        n_fake=len(x),
        metrics=measured.metrics
        | copying(distances, real.training.test_distances)
        | _other_metrics(samples, predictions, real),
        halves=measured.halves,
        sample_sets=_values_by_metric(by_set),
        classes=class_shares(predictions, in_real_manifold, real.classes),
    )
    return Evaluation(quality, features, logits, distances, neighbors)


def _generated_by(samples: Samples, n: int) -> dict[str, str | int]:
    """What the protocol says of the weights of a model, or of images made elsewhere."""
    if samples.source:
        return {"source": samples.source, "n": min(n, len(samples.sets[0]))}
    if samples.weights is None:
        return {}
    return {"weights": samples.weights, "checkpoint": samples.checkpoint}


def _other_metrics(samples: Samples, predictions: Tensor, real: RealImages) -> dict[str, Estimate]:
    """Metrics of predicted classes, where there are any, and the bound."""
    n_classes = len(real.classes)
    metrics = {}
    if n_classes > 1:
        metrics["classes_covered"] = classes_covered(predictions, real.test_y, n_classes)
        metrics["class_entropy"] = class_entropy(predictions, n_classes)
    if samples.labels is not None:
        hits = predictions == torch.as_tensor(samples.labels)
        metrics["label_accuracy"] = mean_with_interval(hits)
    if samples.negative_elbo is not None:
        metrics["negative_elbo"] = mean_with_interval(samples.negative_elbo)
    return metrics


def _values_by_metric(by_set: list[dict[str, Estimate]]) -> dict[str, list[Number]]:
    """The values of several sets of samples, by metric; {} for one set."""
    if len(by_set) == 1:
        return {}
    shared = [key for key in by_set[0] if all(key in metrics for metrics in by_set)]
    return {key: [metrics[key].value for metrics in by_set] for key in shared}
