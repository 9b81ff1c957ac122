"""Measure the quality of one model's samples against the real images of the reference."""

from pathlib import Path

from genbench import params
from genbench.evaluation.extractors import classifier_extractor, load_matching_extractor
from genbench.evaluation.memorization import nearest_figure
from genbench.evaluation.results import FEATURES, METRICS_FILE, NEAREST, SAMPLES, Reference
from genbench.evaluation.samples import RealImages, Samples, evaluate_samples
from genbench.utils import cli, devices, failure, files, images, seeds


def main(
    dataset: str, data: Path, samples: Path, classifier: Path, reference: Path, out: Path
) -> None:
    if failure.hand_on(samples, out):
        return
    p = params.load()
    device = devices.select_device(p.device)
    protocol = Reference.of(reference).protocol
    network = classifier_extractor(classifier, device)
    generated = Samples.load(samples / SAMPLES, p.evaluate.sample_sets, protocol.n)
    evaluation = evaluate_samples(
        generated,
        RealImages.load(data, reference, protocol),
        extractor=load_matching_extractor(protocol, p.evaluate, network, device),
        classifier=network,
        params=p.evaluate,
        seed=seeds.derive_seed(p.data_seed, "metrics", dataset),
    )
    (train_x,) = files.load_npz(data, "train_x")
    neighbors = train_x[evaluation.neighbors.numpy()]
    figure = nearest_figure(generated.sets[0], evaluation.distances, neighbors)
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
