"""Curves as tables of numbers: losses over training, ROC, sweep and maps for `dvc plots`."""

from pathlib import Path

import numpy as np

from ..utils import files
from .results import DatasetResults, Result

ROC_POINTS = 100
MAP_POINTS = 500


def roc(normal: np.ndarray, strange: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate of "an image above the threshold is strange", per threshold.

    Parameters
    ----------
    normal, strange : (N,) and (M,) scores, larger is stranger

    Returns
    -------
    two (T,) float64 from 0 to 1, T at most N + M + 1; tied scores move both rates in one step.
    """
    scores = np.concatenate([normal, strange])
    is_strange = np.repeat([False, True], [len(normal), len(strange)])
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # of equal scores, only the last counts
    true, false = np.cumsum(is_strange[order])[last], np.cumsum(~is_strange[order])[last]
    return np.append(0, false) / len(normal), np.append(0, true) / len(strange)


def precision_recall(normal: np.ndarray, strange: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision of "an image above the threshold is strange", per threshold.

    As `roc`; the first point, without an alarm, has the precision of the next.
    """
    false, true = roc(normal, strange)
    right, wrong = true * len(strange), false * len(normal)
    precision = right[1:] / (right[1:] + wrong[1:])
    return true, np.append(precision[:1], precision)


def thin(x: np.ndarray, y: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """At most `points` of a curve's own points, evenly along the curve, both ends kept."""
    along = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    keep = np.unique(np.searchsorted(along, np.linspace(0, along[-1], points)))
    return x[keep], y[keep]


def scores(result: Result) -> dict[str, np.ndarray]:
    """The main score of every set: test, val, corrupted (all kinds together), ood-<partner>."""
    if result.main_score is None:
        return {}
    with np.load(result.scores) as file:
        names = [k for k in file.files if k.split("/", 1)[1] == result.main_score]
        sets = {k.split("/", 1)[0]: file[k] for k in names}
    kinds = [sets.pop(k) for k in list(sets) if k.startswith("corrupted-")]
    return {**sets, "corrupted": np.concatenate(kinds)}


def of_main(result: Result, against: str, kind=roc) -> tuple[np.ndarray, np.ndarray] | None:
    """The thinned curve of the main score, test images against another set; None without."""
    sets = scores(result)
    if against not in sets:
        return None
    return thin(*kind(sets["test"], sets[against]), ROC_POINTS)


def save(folder: Path, studies: list[DatasetResults]) -> None:
    """Write losses.csv, roc.csv, sweep.csv and tsne.csv: one row per point, told apart by names."""
    tables = {"losses": _losses, "roc": _roc, "sweep": _sweep, "tsne": _tsne}
    for name, rows in tables.items():
        table = [{"dataset": s.dataset, **row} for s in studies for row in rows(s)]
        files.save_csv(folder / f"{name}.csv", table)


def _losses(study: DatasetResults):
    for r in study.results:
        for row in r.history:
            for name, value in row.items():
                if name != "images" and not name.startswith("alarm/"):
                    yield {"model": r.model, "part": name, "images": row["images"], "value": value}


def _roc(study: DatasetResults):
    for r in study.results:
        for against in ("corrupted", *(f"ood-{partner}" for partner in study.partners)):
            for false, true in zip(*(of_main(r, against) or ((), ())), strict=True):
                row = {"model": r.model, "against": against}
                yield {
                    **row,
                    "false_positive_rate": float(false),
                    "true_positive_rate": float(true),
                }


def _sweep(study: DatasetResults):
    for point in study.sweep:
        plain = {k: v for k, v in point.items() if isinstance(v, int | float | str)}
        yield {**plain, **point["final"]}


def _tsne(study: DatasetResults):
    for name, xy, y, groups in maps(study):
        keep = np.unique(np.linspace(0, len(xy) - 1, min(len(xy), MAP_POINTS)).astype(int))
        for i in keep:
            where = {"x": float(xy[i, 0]), "y": float(xy[i, 1])}
            yield {"map": name, "group": groups[i], "class": study.classes[y[i]], **where}


def maps(study: DatasetResults):
    """Each t-SNE map: its name, points (N, 2), classes (N,), and per point "real" or a model."""
    for r in study.results:
        if r.codes:
            xy, y = files.load_npz(study.maps, f"codes/{r.model}", f"codes_y/{r.model}")
            yield r.model, xy, y, np.repeat("real", len(y))
    names = ("features", "features_y", "features_group", "features_groups")
    xy, y, group, groups = files.load_npz(study.maps, *names)
    yield "features", xy, y, np.array(["real", *groups])[group]
