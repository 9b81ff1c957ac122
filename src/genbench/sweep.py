"""Measures a further training, a point of a sweep: what the samples of its model are worth."""

from pathlib import Path

import numpy as np

from .evaluation.extractors import classifier_extractor, load_matching_extractor
from .evaluation.quality import RealFeatures, feature_metrics
from .evaluation.results import FEATURES, Reference
from .models.base import sampling
from .models.base.interface import GenerativeModel
from .params import Params
from .utils import seeds
from .utils.record import Estimate


def measure_point(
    model: GenerativeModel,
    dataset: str,
    train_y: np.ndarray,
    *,
    classifier: Path,
    reference: Path,
    params: Params,
) -> tuple[str, dict[str, Estimate]]:
    """Sample a trained model, and measure the samples without intervals.

    Parameters
    ----------
    train_y : labels of the training images
    classifier, reference : folders of these stages

    Returns
    -------
    (str, dict) : the name of the extractor, and every metric by its key in `results.metrics`.
    """
    protocol = Reference.of(reference).protocol
    extractor = load_matching_extractor(
        protocol,
        params.evaluate,
        classifier_extractor(classifier, model.device),
        model.device,
    )
    seed = seeds.derive_seed(params.seed, "sample", dataset)
    x = sampling.sample(model, protocol.n, train_y, seed)["x"]
    fake, logits = extractor.extract(x)
    real = RealFeatures.load(reference / FEATURES)
    measured = feature_metrics(real, fake, logits, params.evaluate, seed, with_intervals=False)
    return extractor.name, measured.metrics
