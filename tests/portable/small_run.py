"""A little of all that computes, in one process: prints a hash of each result as JSON.

python small_run.py FOLDER    # an empty one
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import genbench  # noqa: F401  before NumPy and PyTorch are loaded

# isort: split
import numpy as np
import torch

from genbench import intervals, params
from genbench.anomaly.scores import Scorer
from genbench.data.ood_images import uniform_noise
from genbench.evaluation.classical import classical_samples
from genbench.evaluation.memorization import copying
from genbench.evaluation.prdc import nearest_neighbor
from genbench.evaluation.quality import RealFeatures, feature_metrics
from genbench.latent import tsne
from genbench.models.base import registry, sampling
from genbench.networks.classifier import build_classifier, extract_features
from genbench.params import Params
from genbench.report import charts, vega
from genbench.report.gallery import Gallery
from genbench.training import run
from genbench.training.loader import InMemoryLoader
from genbench.training.loop import Schedule, train
from genbench.training.state import TrainerState
from genbench.utils import files, images

MODELS = ("wgan_gp", "cgan", "flow_vae")
"""All that `vae` computes `flow_vae` does, and but for losses `cgan` all of the other GANs."""
ROOT = Path(__file__).parents[2]
N = 100
N_TRAIN = 128
"""Images that each network sees: two batches."""
N_SCORED = 30
N_FEATURES = 8
"""Of the metrics, most of whose time an emulated processor spends on eigenvalues."""


def digest(value) -> str:
    if isinstance(value, np.ndarray):
        value = value.tobytes()
    return hashlib.sha256(value if isinstance(value, bytes) else repr(value).encode()).hexdigest()


def results(folder: Path):
    """The name and a value of each result."""
    tree = params.load(ROOT / "params.yaml").model_dump()
    tree["train"] |= {"images": N_TRAIN, "log_points": 5}
    tree["model"]["width"] = 16
    tree["evaluate"]["kid_subsets"] = 5
    tree["zoo"]["wgan_gp"]["n_critic"] = 1
    intervals.N_PAIRS = 5
    choices = Params.model_validate(tree)
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (2 * N, 1, 8, 8), dtype=np.uint8) // 2
    y = random.integers(0, 3, 2 * N)
    x[np.arange(2 * N), 0, 2 * y] += 127
    arrays = {"train_x": x[:N], "train_y": y[:N], "val_x": x[N:], "val_y": y[N:]}
    files.save_npz(folder / "data.npz", **arrays, classes=np.array(["a", "b", "c"]))

    for classes in (3, 1):
        torch.manual_seed(0)
        options = {"network": "cnn", "width": 8, "lr": 0.002}
        network = build_classifier((1, 8, 8), classes, **options)
        labels = torch.from_numpy(y if classes > 1 else np.arange(2 * N))
        loader = InMemoryLoader(torch.from_numpy(x), labels, 64, 0)
        train(TrainerState(network, loader), Schedule(images=N_TRAIN), name="classifier")
        network.eval()
        features, logits = extract_features(network, x)
        yield f"features, {classes} classes", features.numpy()
    few = features[:, :N_FEATURES]
    real = RealFeatures.measure(few[N:], seed=0)
    distances, _ = nearest_neighbor(features[:N], features[N:])
    yield "copying", copying(distances, distances.flip(0))
    yield "metrics", feature_metrics(real, few[:N], logits[:N], choices.evaluate, 0).metrics
    # scikit-learn's measure of trustworthiness crashes under qemu 7.2
    points = tsne.tsne(features[:40].numpy(), perplexity=10, seed=0)
    yield "t-SNE", points
    rest = {"line": "real", "from": "0", "is_real": True, "image": 0}
    dots = [{"x": x, "y": y, **rest} for x, y in points.tolist()]
    spec = charts.embedding(dots, {"real": vega.GRAY, "vae": "#ee6677"})
    Gallery(folder, "digits", 8).chart(spec, "chart.svg")
    yield "chart", (folder / "digits" / "chart.svg").read_bytes()
    yield "grid", images.grid(x[:20], 5)
    yield "noise", uniform_noise(folder, (1, 8, 8), 10, random)
    for name, made in classical_samples(x[:N], x[N:], N, 0):
        yield name, made
    for name in MODELS:
        spec = run.TrainingSpec(choices, "mine", name, folder / "data.npz", snapshots=1)
        with run.train_model(spec) as trained:
            weights = torch.cat([p.detach().flatten() for p in trained.model.parameters()])
            yield f"{name}: weights", weights.numpy()
            yield f"{name}: curves", trained.history
        model = trained.model.eval()
        yield f"{name}: samples", sampling.sample(model, 50, y, 0)["x"]
        for score, values in Scorer(model, x[:N], y[:N])(x[-N_SCORED:]).items():
            yield f"{name}: {score}", values
    assert set(MODELS) <= set(registry.NAMES)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    os.chdir(place)
    print(json.dumps({name: digest(value) for name, value in results(place)}))
