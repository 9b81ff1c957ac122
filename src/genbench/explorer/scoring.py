"""What the page needs to score images by a model, and which scores it cannot compute."""

import numpy as np
import torch

from ..anomaly.baselines import MAX_REFERENCE_IMAGES
from ..anomaly.scores import N_NEIGHBORS, Scorer
from ..api import Model
from ..models.base.marginal import best_labels
from ..models.base.sampling import in_batches
from ..params import Params
from .measured import Measured
from .pack import Pack

MAX_SQUARE = 512
"""Features whose covariance is in the page."""


def scores_of(
    pack: Pack,
    model: Model,
    measured: Measured,
    scorer: Scorer,
    arrays: dict[str, np.ndarray],
    dataset: dict,
    params: Params,
) -> dict:
    """The scores that the page can compute, what it needs for them, and why some are left out."""
    d = scorer.train_features.shape[1]
    left_out = {"complexity": "needs the size of a PNG as Pillow writes it"}
    if d > MAX_SQUARE:
        left_out["mahalanobis"] = f"the covariance of {d:,} features would be too large"
    if len(dataset["train"]["labels"]) < min(len(arrays["train_y"]), MAX_REFERENCE_IMAGES):
        left_out["nearest_neighbor"] = "not all training images fit into the page"
    for each in params.anomaly.iterative.scores:
        left_out[each] = "takes an optimization or many draws for every image"
    for name, values in measured.test.items():
        if not np.isfinite([*values, *measured.val[name]]).all():
            left_out[name] = "is not a finite number for all images"
    nll = scorer.train_mean_nll
    shown = {name: values for name, values in measured.test.items() if name not in left_out}
    quantile = params.anomaly.quantile
    return {
        "scores": [
            {
                "name": name,
                "threshold": float(np.quantile(measured.val[name], quantile)),
                "test": pack.array(values),
            }
            for name, values in shown.items()
        ],
        "left_out": {k: v for k, v in left_out.items() if k in measured.test},
        "neighbors": N_NEIGHBORS,
        "train_mean_nll": float(nll) if nll is not None and nll.isfinite() else None,
        "train_mean": pack.array(scorer.train_mean.numpy()),
        "precision": pack.array(scorer.precision.numpy()) if d <= MAX_SQUARE else None,
        "train_labels": _best_labels(model, scorer, arrays["train_x"], dataset),
    }


def _best_labels(model: Model, scorer: Scorer, train: np.ndarray, dataset: dict) -> list[int]:
    """The labels that suit the page's training images best: their features depend on them."""
    chosen = dataset["train"]["numbers"]

    def labels(x: torch.Tensor) -> torch.Tensor:
        return best_labels(model.model, x, scorer.log_shares)

    with torch.no_grad():
        return torch.cat(in_batches(model.model, labels, train[chosen])).tolist()
