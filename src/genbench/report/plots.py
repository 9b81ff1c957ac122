"""Tables for `dvc plots`: losses over training, ROC curves, sweeps, embeddings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..latent.results import load_embeddings
from ..results.run import DatasetResults
from ..utils import files
from .curves import detection_curve

EMBEDDING_POINTS = 500


def save_plots(folder: Path, results: list[DatasetResults]) -> None:
    """Write losses.csv, roc.csv, sweep.csv and tsne.csv: a row per point."""
    tables = {"losses": _losses, "roc": _roc, "sweep": _sweep, "tsne": _tsne}
    for name, rows in tables.items():
        table = [{"dataset": each.dataset, **row} for each in results for row in rows(each)]
        files.save_csv(folder / f"{name}.csv", table)


def _losses(results: DatasetResults) -> Iterator[dict]:
    for result in results.models:
        for curve in result.training.curves:
            row = {"model": result.model, "part": f"{curve.player}/{curve.part}"}
            for images, value in zip(curve.images, curve.values, strict=True):
                yield {**row, "images": images, "value": value}


def _roc(results: DatasetResults) -> Iterator[dict]:
    sets = [("corruptions", "all corruptions"), ("defects", "all defects")]
    sets += [("ood", name) for name in results.ood_datasets]
    for result in results.models:
        for kind, name in sets:
            curve = detection_curve(result, kind, name)
            if curve is None:
                continue
            row = {"model": result.model, "kind": kind, "against": name}
            for false, true in zip(*curve, strict=True):
                rates = {"false_positive_rate": float(false), "true_positive_rate": float(true)}
                yield {**row, **rates}


def _sweep(results: DatasetResults) -> Iterator[dict]:
    for each in (trial for point in results.sweep for trial in point.trials):
        trial = each.trial
        metrics = {f"{key}_{trial.extractor}": e.value for key, e in trial.metrics.items()}
        numbers = {key: each.value(key) for key in each.values if key not in trial.metrics}
        yield {"model": trial.model, **trial.at, **metrics, **numbers}


def _tsne(results: DatasetResults) -> Iterator[dict]:
    for embedding in load_embeddings(results.embeddings_file) if results.embeddings else ():
        n = len(embedding.points)
        for i in np.unique(np.linspace(0, n - 1, min(n, EMBEDDING_POINTS)).astype(int)):
            yield {
                "embedding": embedding.name,
                "group": embedding.groups[i],
                "class": results.classes[embedding.classes[i]],
                "x": float(embedding.points[i, 0]),
                "y": float(embedding.points[i, 1]),
            }
