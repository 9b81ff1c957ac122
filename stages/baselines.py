"""Score the same images by baselines, which need no generative model."""

from pathlib import Path

from genbench.anomaly import results
from genbench.anomaly.baselines import make_baseline_scorer
from genbench.anomaly.detection import detection_results, detection_sets
from genbench.anomaly.localization import localize, mean_image_maps
from genbench.anomaly.results import SetScores
from genbench.networks.classifier import extract_features, load_classifier
from genbench.params import load as load_params
from genbench.utils import cli, devices, files


def main(dataset: str, data: Path, classifier: Path, out: Path) -> None:
    params = load_params()
    network = load_classifier(classifier / "weights.pt", devices.select_device(params.device))
    (train_x,) = files.load_npz(data, "train_x")
    scorer = make_baseline_scorer(train_x, lambda x: extract_features(network, x)[1])
    sets = detection_sets(params, dataset, data)
    scores = [SetScores(images.kind, images.name, scorer(images.x)) for images in sets]
    found = detection_results(scores, params.anomaly.quantile)
    localizations = localize(sets, mean_image_maps(train_x))

    with files.atomic_write(out) as folder:
        results.save_scores(folder / results.SCORES, scores)
        found.model_copy(update={"localizations": localizations}).save(
            folder / results.METRICS_FILE
        )


if __name__ == "__main__":
    cli.run(main)
