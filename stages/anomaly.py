"""Find damaged images and images of other datasets by one model's scores."""

from pathlib import Path

from genbench import params
from genbench.anomaly import detection, iterative, scores
from genbench.models.base import registry
from genbench.utils import cli, devices, files, images


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        weights=Path,
        data=Path,
        scores=Path,
        out=Path,
        figure=Path,
    )
    p = params.load()
    model = registry.load_model(a.weights, devices.select_device(p.device))
    scorer = scores.Scorer(model, *files.load_npz(a.data, "train_x", "train_y"))
    sets, n = detection.detection_sets(p, a.dataset, a.data), p.anomaly.iterative.n
    found = {
        name: scorer(x, y) | iterative.iterative_scores(model, x[:n], y[:n], p.anomaly.iterative)
        for name, (x, y) in sets.items()
    }
    files.save_npz(a.scores, **detection.flatten(found))
    verdict = detection.detection_results(found, p.anomaly.quantile)
    of_main = {name: of[verdict["main_score"]] for name, of in found.items()}
    shown = {name: x for name, (x, _) in sets.items() if name != "val"}
    images.save_png(a.figure, detection.lowest_and_highest_scoring(shown, of_main))
    files.save_json(a.out, verdict)


if __name__ == "__main__":
    cli.run(main)
