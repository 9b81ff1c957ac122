"""What was measured of latent spaces: of one model, and of a dataset's 2-D embeddings."""

from pathlib import Path

import numpy as np

from ..utils import files
from ..utils.record import Estimate, Number, Record

METRICS_FILE = "metrics.json"
CODES = "codes.npz"
EMBEDDINGS = "embeddings.npz"


class ClassError(Record):
    """Mean squared reconstruction error per pixel of one class's test images."""

    name: str
    squared_error: float


class LatentResults(Record):
    """Numbers of one latent space, by the keys of `results.metrics`, and lists over its latents.

    n : images behind the numbers of a model with an encoder
    kl_per_latent : nats; direction_shares : of the change of all pixels, of a model without encoder
    factors : scores of disentanglement, where the factors of the images are known
    """

    metrics: dict[str, Estimate]
    n: int | None = None
    kl_per_latent: list[float] | None = None
    direction_shares: list[float] | None = None
    squared_error_by_class: list[ClassError] | None = None
    factors: dict[str, float] | None = None


class EmbeddingMetrics(Record):
    """How far a t-SNE embedding is to be believed, and how classes lie in the space and in it."""

    n: int
    trustworthiness: float
    stability: float
    knn_accuracy: float | None = None
    knn_accuracy_map: float | None = None
    silhouette: float | None = None
    silhouette_map: float | None = None


class Embeddings(Record):
    """Of a dataset: of every encoder's codes, by model, and of real and generated features.

    real_neighbors : by model, the share of real images among the neighbors of generated ones
    """

    codes: dict[str, EmbeddingMetrics]
    features: EmbeddingMetrics
    real_neighbors: dict[str, Number]


def save_codes(path: Path, codes: np.ndarray | None, y: np.ndarray) -> None:
    """Write codes (N, latent_dim) and labels (N,); an empty file for a model without an encoder."""
    arrays = {} if codes is None else {"codes": codes, "codes_y": y}
    files.save_npz(path, **arrays)


def load_codes(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Codes and labels; None for a model without an encoder."""
    arrays = files.load_arrays(path)
    return (arrays["codes"], arrays["codes_y"]) if arrays else None
