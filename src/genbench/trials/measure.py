"""Measures a trial by the functions of the stages sample, evaluate, anomaly and latent."""

from pathlib import Path

import numpy as np

from ..anomaly.by_model import score_sets
from ..anomaly.detection import detection_results
from ..evaluation.extractors import classifier_extractor, load_matching_extractor
from ..evaluation.results import FEATURES, Quality, Reference
from ..evaluation.samples import RealImages, Samples, evaluate_samples
from ..latent import analysis
from ..latent.results import EmbeddingMetrics
from ..models.base import sampling
from ..models.base.interface import GenerativeModel
from ..networks.classifier import load_classifier
from ..params import Params
from ..utils import files, seeds
from .results import Trial


def measure_trial(
    trial: Trial,
    model: GenerativeModel,
    dataset: str,
    *,
    ema: bool,
    data: Path,
    classifier: Path,
    reference: Path,
    params: Params,
) -> Trial:
    """The trial with what there is to be said of its model.

    Of every trial the quality of its samples; where latent_dim and width are those of params.yaml
    also the latent space; and where only the seed is another all that the stages measure, which
    gives the numbers of a run with that seed, to the last digit.

    Parameters
    ----------
    ema : whether the weights are averages
    data : the file of the processed dataset
    classifier, reference : folders of these stages
    params : the choices of this training
    """
    measured: dict = {"quality": _quality(model, dataset, ema, data, classifier, reference, params)}
    if "latent_dim" not in trial.at:
        seed = seeds.derive_seed(params.data_seed, "latent", dataset)
        arrays = files.load_arrays(data)
        (real,) = files.load_npz(reference / FEATURES, "test")
        space = analysis.encode_images(model, arrays, params.latent.n, seed)
        network = load_classifier(classifier / "weights.pt", model.device)
        measured["latent"] = analysis.analyze(space, network, real, params)
        if "beta" not in trial.at:
            measured["embedding"] = _structure(space.codes, arrays["test_y"], dataset, params)
            _, scores = score_sets(model, params, dataset, data)
            measured["detection"] = detection_results(scores, params.anomaly.quantile)
    return trial.model_copy(update=measured)


def _quality(
    model: GenerativeModel,
    dataset: str,
    ema: bool,
    data: Path,
    classifier: Path,
    reference: Path,
    params: Params,
) -> Quality:
    """Sample the model, and measure the samples."""
    protocol = Reference.of(reference).protocol
    n_sets = params.evaluate.sample_sets
    seed = seeds.derive_seed(params.seed, "sample", dataset)
    arrays = sampling.generate(model, files.load_arrays(data), params.evaluate.n * n_sets, seed)
    network = classifier_extractor(classifier, model.device)
    return evaluate_samples(
        Samples.of(arrays | {"ema": np.array(ema)}, n_sets, protocol.n),
        RealImages.load(data, reference, protocol),
        extractor=load_matching_extractor(protocol, params.evaluate, network, model.device),
        classifier=network,
        params=params.evaluate,
        seed=seeds.derive_seed(params.data_seed, "metrics", dataset),
    ).quality


def _structure(
    codes: np.ndarray | None, y: np.ndarray, dataset: str, params: Params
) -> EmbeddingMetrics | None:
    """What the stage tsne says of the classes among latent codes; None without codes."""
    if codes is None:
        return None
    from ..latent.tsne import latent_structure  # scikit-learn's import takes seconds

    choices = params.tsne
    seed = seeds.derive_seed(params.data_seed, "tsne", dataset)
    return latent_structure(codes, y, n=choices.n, n_neighbors=choices.n_neighbors, seed=seed)
