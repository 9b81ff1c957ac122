"""What the pipeline measured of a model and the page shows; for a lone run measured here."""

from dataclasses import dataclass

import numpy as np

from ..anomaly.by_model import score_sets
from ..api import Model
from ..latent.geometry import principal_directions
from ..latent.information import posterior_statistics
from ..latent.results import CODES, FEATURES, Embedding, load_codes, load_embeddings
from ..models.base import sampling
from ..params import Params
from ..results.model import ModelResults
from ..results.run import DatasetResults
from ..utils import files, seeds

N_JACOBIANS = 64
"""Latents behind the leading directions, as in the stage `latent`."""
MAX_CODES = 2000
"""Codes behind the leading directions of a model with an encoder."""
MAX_DIRECTIONS = 64


@dataclass(frozen=True)
class Measured:
    """Numbers of one model.

    kl_per_latent : nats, mean over test images; None where latents have none
    val, test : scores of these images by name, each (N,), the main score first
    codes, codes_y : (N, latent_dim) and labels (N,) of the test images; None without an encoder
    map : the t-SNE embedding of its codes or, without an encoder, of features; None without any
    """

    kl_per_latent: list[float] | None
    val: dict[str, np.ndarray]
    test: dict[str, np.ndarray]
    codes: np.ndarray | None
    codes_y: np.ndarray | None
    map: Embedding | None


def read(result: ModelResults, results: DatasetResults) -> Measured:
    """What the stages wrote; what a stage did not write is empty."""
    folder = result.paths["latent"]
    stored = load_codes(folder / CODES) if (folder / CODES).exists() else None
    codes, y = stored or (None, None)
    embeddings = load_embeddings(results.embeddings_file) if results.embeddings else []
    name = FEATURES if codes is None else result.model
    return Measured(
        kl_per_latent=result.latent.kl_per_latent,
        val=result.scores.get(("val", "val"), {}),
        test=result.scores.get(("test", "test"), {}),
        codes=codes,
        codes_y=y,
        map=next((each for each in embeddings if each.name == name), None),
    )


def measure(model: Model, params: Params, processed) -> Measured:
    """The same of a model whose stages' outputs are not at hand; without an embedding."""
    x, y = files.load_npz(processed, "test_x", "test_y")
    n = params.latent.n
    _, sets = score_sets(model.model, params, model.dataset, processed)
    scores = {part.kind: part.scores for part in sets}
    kl = None
    if model.model.has_posterior:
        kl = posterior_statistics(model.model, x[:n], y[:n], 0).kl_per_latent
    return Measured(
        kl_per_latent=None if kl is None else kl.mean(0).tolist(),
        val=scores["val"],
        test=scores["test"],
        codes=sampling.encode(model.model, x, y),
        codes_y=y,
        map=None,
    )


def leading_directions(
    model: Model, measured: Measured, params: Params
) -> tuple[str, np.ndarray, np.ndarray]:
    """What sliders move: a word for their weights, these (R,) descending, unit vectors (R, D).

    The latents by their KL, where each has one. Otherwise the principal components of the test
    images' codes, as where latents mix, or are the noise of single pixels, one alone says little.
    Without an encoder the directions in which images change most.
    """
    d = model.latent_dim
    if measured.kl_per_latent is not None:
        weights = np.array(measured.kl_per_latent)
        order = np.argsort(-weights, kind="stable")
        return "KL", weights[order], np.eye(d, dtype=np.float32)[order]
    if measured.codes is not None:
        codes = measured.codes[:MAX_CODES].astype(np.float64)
        _, s, vectors = np.linalg.svd(codes - codes.mean(0), full_matrices=False)
        shares, name = s**2 / max(np.sum(s**2), 1e-300), "variance of codes"
    else:
        seed = seeds.derive_seed(params.data_seed, "latent", model.dataset)
        shares, vectors = principal_directions(model.model, N_JACOBIANS, len(model.classes), seed)
        name = "change of pixels"
    return name, shares[:MAX_DIRECTIONS], vectors[:MAX_DIRECTIONS].astype(np.float32)
