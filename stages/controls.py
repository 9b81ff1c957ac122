"""Measure classical generators, and planted truths that show what the verdicts can see."""

from pathlib import Path

from genbench import params  # before NumPy is loaded: it says how

# isort: split
import torch

from genbench.anomaly.baselines import make_baseline_scorer
from genbench.anomaly.detection import detect
from genbench.anomaly.results import DetectionResults
from genbench.evaluation.classical import classical_samples
from genbench.evaluation.extractors import classifier_extractor, load_matching_extractor
from genbench.evaluation.memorization import TrainingImages
from genbench.evaluation.own import FOLDER, load_metrics
from genbench.evaluation.planted import HELD_OUT, planted_samples, split_test_images
from genbench.evaluation.quality import RealFeatures
from genbench.evaluation.results import (
    DETECTION,
    FEATURES,
    METRICS_FILE,
    Controls,
    Quality,
    Reference,
)
from genbench.evaluation.samples import RealImages, Samples, evaluate_samples
from genbench.utils import cli, devices, files, images, seeds

GRID_COLUMNS = 10


def main(
    dataset: str, data: Path, classifier: Path, reference: Path, out: Path, own: Path = FOLDER
) -> None:
    p = params.load()
    device = devices.select_device(p.device)
    protocol = Reference.of(reference).protocol
    network = classifier_extractor(classifier, device)
    extractor = load_matching_extractor(protocol, p.evaluate, network, device, own)
    seed = seeds.derive_seed(p.data_seed, "controls", dataset)
    names = ("classes", "train_x", "val_x", "test_x", "test_y")
    classes, train_x, val_x, test_x, test_y = files.load_npz(data, *names)
    metrics = load_metrics(p.evaluate, own)
    training = TrainingImages.load(reference / FEATURES)

    def measure(x, real: RealImages) -> Quality:
        samples = Samples([x])
        return evaluate_samples(
            samples, real, extractor, network, p.evaluate, seed, own=metrics
        ).quality

    features = RealFeatures.load(reference / FEATURES)
    real = RealImages(features, training, classes.tolist(), test_y, protocol)
    classical, grids = {}, {}
    for name, x in classical_samples(train_x, val_x, protocol.n, seed):
        classical[name] = measure(x, real)
        grids[name] = images.grid(x[: GRID_COLUMNS**2], GRID_COLUMNS)

    split = split_test_images(len(test_x), seed)
    unseen, others = test_x[split.generated], test_x[split.real]
    real = RealImages(
        RealFeatures.measure(extractor.extract(others)[0], seed),
        training._replace(test_distances=training.test_distances[torch.from_numpy(split.real)]),
        real.classes,
        test_y[split.real],
        protocol.model_copy(update={"n": len(others)}),
    )
    planted = planted_samples(unseen, test_y[split.generated], train_x, seed)

    score = make_baseline_scorer(train_x, lambda x: network.extract(x)[1])
    detections = detect("ood", HELD_OUT, score(others), score(unseen), thresholds={})

    controls = Controls(
        classical=classical, planted={name: measure(x, real) for name, x in planted}
    )
    with files.atomic_write(out) as folder:
        controls.save(folder / METRICS_FILE)
        DetectionResults(detections=detections).save(folder / DETECTION)
        for name, picture in grids.items():
            images.save_png(folder / f"{name}.png", picture)


if __name__ == "__main__":
    cli.run(main)
