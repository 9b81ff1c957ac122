"""Measure the quality of one model's samples against the real images of the reference."""

from pathlib import Path

from genbench import params
from genbench.evaluation.memorization import nearest_figure
from genbench.evaluation.own import FOLDER
from genbench.evaluation.results import FEATURES, METRICS_FILE, NEAREST, SAMPLES
from genbench.evaluation.samples import Inputs, evaluate_arrays
from genbench.utils import cli, devices, failure, files, images


def main(
    dataset: str,
    data: Path,
    samples: Path,
    classifier: Path,
    reference: Path,
    out: Path,
    own: Path = FOLDER,
) -> None:
    if failure.hand_on(samples, out):
        return
    p = params.load()
    arrays = files.load_arrays(samples / SAMPLES)
    inputs = Inputs(dataset, data, classifier, reference, own)
    evaluation = evaluate_arrays(arrays, inputs, p, devices.select_device(p.device))
    (train_x,) = files.load_npz(data, "train_x")
    neighbors = train_x[evaluation.neighbors.numpy()]
    figure = nearest_figure(arrays["x"][: len(neighbors)], evaluation.distances, neighbors)
    with files.atomic_write(out) as folder:
        evaluation.quality.save(folder / METRICS_FILE)
        images.save_png(folder / NEAREST, figure)
        files.save_npz(
            folder / FEATURES,
            fake=evaluation.features.numpy(),
            logits=evaluation.logits.numpy(),
        )


if __name__ == "__main__":
    cli.run(main)
