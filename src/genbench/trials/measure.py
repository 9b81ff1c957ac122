"""Measures a trial by the functions of the stages sample, evaluate, anomaly and latent."""

import numpy as np

from ..anomaly.by_model import detect
from ..evaluation.results import FEATURES, Quality
from ..evaluation.samples import Inputs, evaluate_arrays
from ..latent import analysis
from ..latent.results import EmbeddingMetrics
from ..models.base import sampling
from ..models.base.interface import GenerativeModel
from ..networks.classifier import load_classifier
from ..params import Params
from ..utils import files, seeds
from .results import Trial


def measure_trial(
    trial: Trial, model: GenerativeModel, *, ema: bool, inputs: Inputs, params: Params
) -> Trial:
    """The trial with what there is to be said of its model.

    Of every trial the quality of its samples; where latent_dim and width are those of params.yaml
    also the latent space; and where only the seed is another all that the stages measure, which
    gives the numbers of a run with that seed, to the last digit. Only these have intervals: points
    of a sweep are compared by their trainings, and there may be hundreds.

    Parameters
    ----------
    ema : whether the weights are averages
    params : the choices of this training
    """
    dataset, data, classifier, reference, _ = inputs
    is_replicate = trial.at.keys() == {"seed"}
    measured: dict = {"quality": _quality(model, ema, inputs, params, intervals=is_replicate)}
    if "latent_dim" not in trial.at:
        seed = seeds.derive_seed(params.data_seed, "latent", dataset)
        arrays = files.load_arrays(data)
        (real,) = files.load_npz(reference / FEATURES, "test")
        space = analysis.encode_images(model, arrays, params.latent.n, seed)
        network = load_classifier(classifier / "weights.pt", model.device)
        measured["latent"] = analysis.analyze(space, network, real, params)
    if is_replicate:
        measured["embedding"] = _structure(space.codes, arrays["test_y"], dataset, params)
        *_, measured["detection"] = detect(model, params, dataset, data)
    return trial.model_copy(update=measured)


def _quality(
    model: GenerativeModel, ema: bool, inputs: Inputs, params: Params, intervals: bool
) -> Quality:
    """Sample the model, and measure the samples."""
    n = params.evaluate.n * params.evaluate.sample_sets
    seed = seeds.derive_seed(params.seed, "sample", inputs.dataset)
    arrays = files.load_arrays(inputs.data, "test_x", "train_y")
    generated = sampling.generate(model, arrays, n, seed) | {"ema": np.array(ema)}
    return evaluate_arrays(generated, inputs, params, model.device, intervals).quality


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
