"""Score images by one model, and measure how well its scores detect corrupted and OOD images."""

from pathlib import Path

from genbench.anomaly import results
from genbench.anomaly.detection import (
    detection_results,
    detection_sets,
    lowest_and_highest_scoring,
)
from genbench.anomaly.iterative import iterative_scores
from genbench.anomaly.results import SetScores
from genbench.anomaly.scores import Scorer
from genbench.models.base import registry
from genbench.params import load as load_params
from genbench.utils import cli, devices, failure, files, images


def main(dataset: str, training: Path, data: Path, out: Path) -> None:
    if failure.hand_on(training, out):
        return
    params = load_params()
    model = registry.load_model(training / "weights.pt", devices.select_device(params.device))
    train_x, train_y = files.load_npz(data, "train_x", "train_y")
    scorer = Scorer(model, train_x, train_y)
    choices = params.anomaly.iterative

    sets = detection_sets(params, dataset, data)
    scores = []
    for kind, name, x in sets:
        slow = iterative_scores(model, x[: choices.n], scorer.log_shares, choices)
        scores.append(SetScores(kind, name, scorer(x) | slow))

    with files.atomic_write(out) as folder:
        results.save_scores(folder / results.SCORES, scores)
        images.save_png(folder / results.EXTREMES, lowest_and_highest_scoring(sets, scores))
        detection_results(scores, params.anomaly.quantile).save(folder / results.METRICS_FILE)


if __name__ == "__main__":
    cli.run(main)
