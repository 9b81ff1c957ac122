"""Scores the images that every detector is tried on by one model, and maps their errors."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..models.base.interface import GenerativeModel
from ..models.base.marginal import best_labels, log_class_shares
from ..models.base.sampling import in_batches
from ..params import Params
from ..utils import files
from .detection import detection_results, detection_sets
from .iterative import iterative_scores
from .localization import Maps, localize
from .results import DetectionResults, ImageSet, SetScores
from .scores import Scorer


def score_sets(
    model: GenerativeModel, params: Params, dataset: str, processed: Path
) -> tuple[list[ImageSet], list[SetScores]]:
    """The images of `detection_sets`, and all scores of each."""
    scorer = Scorer(model, *files.load_npz(processed, "train_x", "train_y"))
    choices = params.anomaly.iterative
    sets = detection_sets(params, dataset, processed)
    scores = []
    for part in sets:
        slow = iterative_scores(model, part.x[: choices.n], scorer.log_shares, choices)
        scores.append(SetScores(part.kind, part.name, scorer(part.x) | slow))
    return sets, scores


def detect(
    model: GenerativeModel, params: Params, dataset: str, processed: Path
) -> tuple[list[ImageSet], list[SetScores], DetectionResults]:
    """The images of `detection_sets`, all scores of each, and what they and the maps detect."""
    sets, scores = score_sets(model, params, dataset, processed)
    results = detection_results(scores, params.anomaly.quantile)
    maps = error_maps(model, sets[0].x, *files.load_npz(processed, "train_y"))
    if maps:
        results = results.model_copy(update={"localizations": localize(sets, maps)})
    return sets, scores, results


@torch.no_grad()
def error_maps(model: GenerativeModel, x: np.ndarray, y: np.ndarray) -> Maps | None:
    """The model's map of errors, which is told no image's class; None for a model without.

    x : images (N, C, H, W) uint8 to try it on; y : training labels (N,), for the classes' shares
    """
    log_shares = log_class_shares(y)

    @torch.no_grad()
    def map_errors(images: Tensor) -> Tensor | None:
        return model.error_map(images, best_labels(model, images, log_shares))

    if in_batches(model, map_errors, x[:1])[0] is None:
        return None
    return lambda x: torch.cat(in_batches(model, map_errors, x)).cpu().numpy()
