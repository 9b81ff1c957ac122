"""Results of latent spaces on disk: of one model's, and of a dataset's t-SNE embeddings."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..utils import files
from ..utils.record import Estimate, Number, Record

METRICS_FILE = "metrics.json"
CODES = "codes.npz"
EMBEDDINGS = "embeddings.npz"
FEATURES = "features"
"""Name of the one embedding of a dataset that is not of a model's latent codes."""
REAL = "real"
"""Group of the points that stand for real images."""


class ClassError(Record):
    """Mean squared reconstruction error per pixel of one class's test images."""

    name: str
    squared_error: float


class LatentResults(Record):
    """Metrics of one latent space, by the keys of `results.metrics`, and lists over its latents.

    n : images behind the metrics of a model with an encoder
    kl_per_latent : nats, mean over images
    direction_shares : of the change of all pixels, descending; of a model without an encoder
    factors : scores of disentanglement, where the factors of the images are known
    """

    metrics: dict[str, Estimate]
    n: int | None = None
    kl_per_latent: list[float] | None = None
    direction_shares: list[float] | None = None
    squared_error_by_class: list[ClassError] | None = None
    factors: dict[str, float] | None = None


class EmbeddingMetrics(Record):
    """How faithful a t-SNE embedding is, and how classes lie in the space and in it (`_map`).

    missing : why there is no embedding of these n points, in words, and so none of the numbers
    """

    n: int
    missing: str | None = None
    trustworthiness: float | None = None
    stability: float | None = None
    knn_accuracy: float | None = None
    knn_accuracy_map: float | None = None
    silhouette: float | None = None
    silhouette_map: float | None = None


class Embeddings(Record):
    """Metrics of a dataset's embeddings: of each encoder's codes, and of real and fake features.

    codes : by model; features : of real and generated images together
    real_neighbors : by model, the share of real images among the neighbors of generated ones
    """

    codes: dict[str, EmbeddingMetrics]
    features: EmbeddingMetrics
    real_neighbors: dict[str, Number]


class Embedding(NamedTuple):
    """A t-SNE embedding of N images.

    name : the model whose latent codes are embedded, or FEATURES
    points : (N, 2) float32; classes : (N,) int64, the classifier's for generated images
    groups : (N,) str, REAL or the model that generated the image
    images : (N,) int64, which of the test images, or of the model's samples
    """

    name: str
    points: np.ndarray
    classes: np.ndarray
    groups: np.ndarray
    images: np.ndarray


COLUMNS = Embedding._fields[1:]


def save_embeddings(path: Path, embeddings: list[Embedding]) -> None:
    """Write the points of all embeddings, one below the other: an element or row per point.

    The arrays are those of `Embedding` and names (M,). Without embeddings M is 0.
    """
    if not embeddings:
        nothing = np.zeros(0, int)
        embeddings = [Embedding("", np.zeros((0, 2)), nothing, nothing.astype(str), nothing)]
    names = np.concatenate([np.repeat(e.name, len(e.points)) for e in embeddings])
    columns = {
        column: np.concatenate([getattr(e, column) for e in embeddings]) for column in COLUMNS
    }
    files.save_npz(path, names=names, **columns)


def load_embeddings(path: Path) -> list[Embedding]:
    """Read what `save_embeddings` wrote, in the same order."""
    names, *columns = files.load_npz(path, "names", *COLUMNS)
    return [
        Embedding(name, *(column[names == name] for column in columns))
        for name in dict.fromkeys(names.tolist())
    ]


def save_codes(path: Path, codes: np.ndarray | None, y: np.ndarray) -> None:
    """Write latent codes (N, latent_dim) and labels (N,); no arrays for a model without encoder."""
    arrays = {} if codes is None else {"codes": codes, "codes_y": y}
    files.save_npz(path, **arrays)


def load_codes(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Read latent codes and labels; None for a model without an encoder."""
    arrays = files.load_arrays(path)
    return (arrays["codes"], arrays["codes_y"]) if arrays else None
