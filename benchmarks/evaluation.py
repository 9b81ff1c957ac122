"""What evaluation costs: features as a ratio to the bare network, and seconds of the metrics.

    python benchmarks/evaluation.py              # classifier and Inception, random weights
    python benchmarks/evaluation.py --images 256 --pairs 3

A ratio is the median over pairs measured in turn, with its extremes. Inception's is against the
same network with its batch normalization unfolded.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from genbench.anomaly import scores
from genbench.evaluation import extractors, quality
from genbench.models.base import registry, sampling
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier, load_classifier
from genbench.params import load
from genbench.utils import provenance
from genbench.utils.images import to_float

CPU = torch.device("cpu")


def seconds(work) -> float:
    start = time.perf_counter()
    with torch.no_grad():
        work()
    return time.perf_counter() - start


def ratio(work, other, pairs: int) -> str:
    """Seconds of `work` over seconds of `other`."""
    work(), other()
    ratios = [seconds(work) / seconds(other) for _ in range(pairs)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def classifier_ratio(folder: Path, shape: tuple, network: str, pairs: int) -> str:
    """Images/s of extraction from uint8 against the bare forward on floats in memory."""
    args = {"image_shape": shape, "classes": 10, "network": network, "width": 16, "lr": 0.1}
    path = folder / extractors.CLASSIFIER_WEIGHTS
    checkpoint.save(path, Classifier(**args), **args)
    extractor = extractors.classifier_extractor(folder, CPU)
    bare = load_classifier(path, CPU)
    x = np.zeros((5000, *shape), np.uint8)
    floats = to_float(torch.as_tensor(x)).contiguous(memory_format=torch.channels_last).split(500)
    return ratio(lambda: [bare(b) for b in floats], lambda: extractor.extract(x), pairs)


def inception_ratio(folder: Path, images: int, pairs: int) -> str:
    """Images/s of extraction against the unfolded network on images that are resized already."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torchmetrics.image.fid import NoTrainInceptionV3

    path = folder / "weights.pth"
    torch.save({}, path)
    load_state_dict = FeatureExtractorInceptionV3.load_state_dict
    FeatureExtractorInceptionV3.load_state_dict = lambda *_: None
    bare = NoTrainInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"], str(path), False)
    FeatureExtractorInceptionV3.load_state_dict = load_state_dict
    torch.save(bare.state_dict(), path)
    extractors.PUBLISHED_SHA256 = provenance.sha256(path)
    choices = {"inception_weights": str(path), "resize": "tensorflow"}
    extractor = extractors.inception_extractor(load().evaluate.model_copy(update=choices), CPU)
    x = np.random.default_rng(0).integers(0, 256, (images, 3, 32, 32), dtype=np.uint8)
    large = torch.zeros(images, 3, 299, 299, dtype=torch.uint8).split(extractors.BATCH)
    return ratio(
        lambda: [bare._torch_fidelity_forward(b) for b in large],
        lambda: extractor.extract(x),
        pairs,
    )


def scores_ratio(pairs: int) -> str:
    """Seconds of all scores but the iterative ones against reconstructing, VAE at 28x28."""
    p = load()
    model = registry.build("vae", (1, 28, 28), 10, **p.build_args("vae")).eval()
    x = np.random.default_rng(0).integers(0, 256, (10_000, 1, 28, 28), dtype=np.uint8)
    y = np.zeros(len(x), int)
    scorer = scores.Scorer(model, x, y)

    def reconstruct() -> None:
        sampling.in_batches(model, lambda a, b: model.decode(model.encode(a, b), b), x, y)

    return ratio(lambda: scorer(x, y), reconstruct, pairs)


def main(images: int, pairs: int) -> None:
    for shape, network in (((1, 28, 28), "cnn"), ((3, 32, 32), "resnet")):
        with tempfile.TemporaryDirectory() as folder:
            ratios = classifier_ratio(Path(folder), shape, network, pairs)
        print(f"{network} {'x'.join(map(str, shape))}, extraction / bare forward: {ratios}")
    with tempfile.TemporaryDirectory() as folder:
        ratios = inception_ratio(Path(folder), images, pairs)
    print(f"inception, extraction / unfolded forward: {ratios}")

    print(f"scores of 10,000 images, times a reconstruction pass: {scores_ratio(pairs)}")
    params = load().evaluate
    real, fake = torch.randn(2, 10_000, 128, generator=torch.Generator().manual_seed(0)).relu()
    start = time.perf_counter()
    reference = quality.RealFeatures.measure(real, 0)
    print(f"halves of 10,000 real images, 128 features: {time.perf_counter() - start:.1f} s")
    metrics = seconds(lambda: quality.feature_metrics(reference, fake, fake[:, :10], params, 0))
    print(f"every metric with its interval: {metrics:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=5)
    main(**vars(parser.parse_args()))
