"""Scores the images that every detector is tried on by one model."""

from pathlib import Path

from ..models.base.interface import GenerativeModel
from ..params import Params
from ..utils import files
from .detection import detection_sets
from .iterative import iterative_scores
from .results import ImageSet, SetScores
from .scores import Scorer


def score_sets(
    model: GenerativeModel, params: Params, dataset: str, processed: Path
) -> tuple[list[ImageSet], list[SetScores]]:
    """The images of `detection_sets`, and all scores of each."""
    scorer = Scorer(model, *files.load_npz(processed, "train_x", "train_y"))
    choices = params.anomaly.iterative
    sets = detection_sets(params, dataset, processed)
    scores = []
    for kind, name, x in sets:
        slow = iterative_scores(model, x[: choices.n], scorer.log_shares, choices)
        scores.append(SetScores(kind, name, scorer(x) | slow))
    return sets, scores
