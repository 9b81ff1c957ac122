"""Detection of corrupted, foreign and defective images by scores; larger is more anomalous."""

import copy
from pathlib import Path

import numpy as np

from ..auroc import auroc
from ..params import Params
from ..utils import files, seeds
from ..utils.images import grid
from .corruptions import corrupt, occlusion_mask
from .metrics import average_precision, confusion_counts, effect_size, fpr95
from .results import AnomalyKind, Detection, DetectionResults, ImageSet, SetScores

N_COLUMNS = 22
"""Images in a row of a figure."""


def detection_sets(params: Params, dataset: str, processed: Path) -> list[ImageSet]:
    """The images that every detector is tried on, at most `params.anomaly.n` in each set.

    Validation images, test images, each corruption of the same test images, each OOD dataset,
    each defect of anomaly data. The masks of occlusion are known, and those of defects may be.
    """
    rng = seeds.rng(params.data_seed, "anomaly", dataset)
    n = params.anomaly.n
    sets: list[ImageSet] = []
    for part in ("val", "test"):
        (x,) = files.load_npz(processed, f"{part}_x")
        sets.append(ImageSet(part, part, x[rng.permutation(len(x))[:n]]))
    test = sets[-1]
    for name, severity in params.anomaly.severities.items():
        draws = copy.deepcopy(rng)
        x = corrupt(test.x, name, severity, rng)
        mask = occlusion_mask(x, severity, draws) if name == "occlusion" else None
        sets.append(ImageSet("corruption", name, x, mask))
    for name in files.ood_names(processed):
        (x,) = files.load_npz(processed, f"ood_{name}_x")
        sets.append(ImageSet("ood", name, x[rng.permutation(len(x))[:n]]))
    there = files.array_names(processed)
    for name in files.defect_names(processed):
        (x,) = files.load_npz(processed, f"defect_{name}_x")
        some = rng.permutation(len(x))[:n]
        mask = None
        if f"defect_{name}_mask" in there:
            mask = files.load_npz(processed, f"defect_{name}_mask")[0][some]
        sets.append(ImageSet("defect", name, x[some], mask))
    return sets


def detection_results(sets: list[SetScores], quantile: float) -> DetectionResults:
    """All detections of one model, or of the baselines.

    Parameters
    ----------
    sets : scores of the images of `detection_sets`, the main score first
    quantile : a score's threshold is this quantile of it on validation images
    """
    val, test = (
        next(part.scores for part in sets if part.kind == kind) for kind in ("val", "test")
    )
    thresholds = {score: float(np.quantile(values, quantile)) for score, values in val.items()}
    corruptions = [part.scores for part in sets if part.kind == "corruption"]
    detections = []
    if corruptions:
        pooled = {score: np.stack([part[score] for part in corruptions]) for score in test}
        detections += detect("corruptions", "all", test, pooled, thresholds)
    if defects := [part.scores for part in sets if part.kind == "defect"]:
        images = {score: np.concatenate([part[score] for part in defects]) for score in test}
        detections += detect("defects", "all", test, images, thresholds)
    for part in sets:
        if part.kind == "corruption":
            versions = {score: values[None] for score, values in part.scores.items()}
            detections += detect(part.kind, part.name, test, versions, thresholds)
        elif part.kind in ("ood", "defect"):
            detections += detect(part.kind, part.name, test, part.scores, thresholds)
    return DetectionResults(main_score=next(iter(test), None), detections=detections)


def detect(
    kind: AnomalyKind,
    name: str,
    scores_in: dict[str, np.ndarray],
    scores_out: dict[str, np.ndarray],
    thresholds: dict[str, float],
) -> list[Detection]:
    """How well each score tells one set of anomalous images, `scores_out`, from test images.

    Scores are (N,) of test images, (M,) of an OOD dataset or of defects, (K, N) of K corruptions of
    test images. Corrupted images and defects are decided by the threshold; of an OOD dataset the
    shift of the mean is given.
    """
    detections = []
    for score, inside in scores_in.items():
        outside = scores_out[score].ravel()
        decided = kind != "ood"
        detection = Detection(
            kind=kind,
            name=name,
            score=score,
            n_in=len(inside),
            n_out=len(outside),
            auroc=auroc(inside, scores_out[score]),
            aupr=average_precision(inside, outside),
            aupr_normal=average_precision(-outside, -inside),
            fpr95=fpr95(inside, outside),
            decisions=confusion_counts(inside, outside, thresholds[score]) if decided else None,
            shift=None if decided else effect_size(inside, outside),
        )
        detections.append(detection)
    return detections


def lowest_and_highest_scoring(sets: list[ImageSet], scores: list[SetScores]) -> np.ndarray:
    """A picture with two rows per set of images, but for validation images: extremes by main score.

    The first row has the lowest scores, lowest first, the second the highest, highest first.
    """
    rows = []
    for images, part in zip(sets, scores, strict=True):
        if images.kind != "val":
            order = np.argsort(next(iter(part.scores.values())), kind="stable")
            for ends in (order[:N_COLUMNS], order[::-1][:N_COLUMNS]):
                rows.append(images.x[np.resize(ends, N_COLUMNS)])
    return grid(np.concatenate(rows), N_COLUMNS)
