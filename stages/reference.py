"""Measure what the metrics say of real images and of noise, and save the real images' features."""

from pathlib import Path

from genbench import params  # before NumPy is loaded: it says how

# isort: split
import numpy as np

from genbench.evaluation.extractors import choose_extractor, classifier_extractor
from genbench.evaluation.own import FOLDER, load_metrics
from genbench.evaluation.prdc import nearest_neighbor
from genbench.evaluation.quality import RealFeatures, feature_metrics
from genbench.evaluation.results import FEATURES, METRICS_FILE, Reference
from genbench.utils import cli, devices, files, seeds


def main(dataset: str, data: Path, classifier: Path, out: Path, own: Path = FOLDER) -> None:
    p = params.load()
    device = devices.select_device(p.device)
    network = classifier_extractor(classifier, device)
    parts = dict(zip(("train", "test"), files.load_npz(data, "train_x", "test_x"), strict=True))
    extractor = choose_extractor(p.evaluate, network, parts["train"].shape[1], device, own)
    n = min(p.evaluate.n, *map(len, parts.values()))
    random = seeds.rng(p.data_seed, "evaluate", dataset)
    rows = {part: random.permutation(len(x))[:n] for part, x in parts.items()}
    noise = random.integers(0, 256, (n, *parts["test"].shape[1:]), dtype=np.uint8)

    outputs = {part: network.extract(x) for part, x in parts.items()}
    if extractor is network:
        subsets = {
            part: (features[rows[part]], logits[rows[part]])
            for part, (features, logits) in outputs.items()
        }
    else:
        subsets = {part: extractor.extract(x[rows[part]]) for part, x in parts.items()}
    seed = seeds.derive_seed(p.data_seed, "metrics", dataset)
    real = RealFeatures.measure(subsets["test"][0], seed)
    metrics = load_metrics(p.evaluate, own)
    floor, ceiling = (
        feature_metrics(real, *outputs_of, p.evaluate, seed, own=metrics).metrics
        for outputs_of in (subsets["train"], extractor.extract(noise))
    )

    arrays = {part: features.numpy() for part, (features, _) in outputs.items()}
    distances, _ = nearest_neighbor(outputs["test"][0], outputs["train"][0])
    arrays["test_distances"] = distances.numpy()
    with files.atomic_write(out) as folder:
        files.save_npz(folder / FEATURES, **arrays, **real.arrays())
        reference = Reference(
            protocol=extractor.protocol(n, p.data_seed), floor=floor, ceiling=ceiling
        )
        reference.save(folder / METRICS_FILE)


if __name__ == "__main__":
    cli.run(main)
