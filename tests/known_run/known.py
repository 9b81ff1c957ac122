"""One tiny run of the whole pipeline over images of a user, every stage alone in its own folder."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import stages_alone
import yaml
from PIL import Image

from genbench.params import Params, load
from genbench.utils import files

DATASET, OTHER = "spots", "stripes"
CLASSES = ("left", "middle", "right")
GAN, VAE = "cgan", "res_vae"
"""One model with labels, and one with an encoder and the perceptual loss."""
N_TRAIN, N_TEST = 20, 10  # per class
CHOICES = {
    "datasets": [DATASET],
    "models": [GAN, VAE],
    "seeds": [1],
    "model": {"latent_dim": 3, "width": 4},
    "train": {"images": 960, "batch_size": 16, "ema_images": 0, "log_points": 5, "snapshots": 3},
    "split": {"val": 0.2, "test": 0.5},
    "classifier": {"images": {"cnn": 2000, "resnet": 2000}, "batch_size": 16, "width": 4},
    "evaluate": {
        "n": 100,
        "sample_sets": 2,
        "is_splits": 1,
        "kid_subsets": 2,
        "kid_subset_size": 30,
        "metrics": ["plugins/vendi.py:vendi_score"],
    },
    "anomaly": {
        "n": 100,
        "corruptions": {"blur": 1, "occlusion": 0.5, "inversion": 1.0},
        "iterative": {
            "scores": ["importance_weighted", "likelihood_regret", "latent_inversion"],
            "n": 8,
            "draws": 3,
            "steps": 2,
        },
    },
    "latent": {"n": 100, "ppl_samples": 10, "iwae_samples": 2},
    "tsne": {"n": 90, "perplexity": 5, "n_neighbors": 4},
    "sweep": {
        "models": [VAE],
        "latent_dim": [2],
        "width": [8],
        "beta": [3],
        "seeds": [0],
        "images": 480,
    },
    "tracking": {"enabled": True, "experiment": "known", "live_after": 1000},
}
"""Corruptions are those that draw nothing at random; weights are not averaged (`ema_images`)."""


@dataclass(frozen=True)
class KnownRun:
    """What the run has left in `root`, what each stage has used, and the images it began with."""

    root: Path
    stages: list[stages_alone.Stage]
    reads: dict[str, stages_alone.Reads]
    images: dict[str, np.ndarray]

    @cached_property
    def params(self) -> Params:
        return load(self.root / "params.yaml")

    @cached_property
    def processed(self) -> dict[str, np.ndarray]:
        return files.load_arrays(self.root / "data" / "processed" / f"{DATASET}.npz")

    def details(self, stage: str, *names: str) -> Path:
        return self.root.joinpath("metrics", "details", stage, DATASET, *names)

    def metrics(self, stage: str, *names: str) -> dict:
        return json.loads(self.details(stage, *names, "metrics.json").read_text())


def make_images(folder: Path) -> dict[str, np.ndarray]:
    """Two folders of PNGs, no two alike: a bright column per class on noise; and stripes."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", N_TRAIN), ("test", N_TEST)):
        x = random.integers(0, 60, (len(CLASSES), n, 8, 8), dtype=np.uint8)
        for k, images in enumerate(x):
            images[:, 1:7, 3 * k : 3 * k + 2] += random.integers(100, 190, (n, 1, 1), np.uint8)
        for k, images in enumerate(x):
            save(folder / DATASET / part / CLASSES[k], images)
        arrays[part] = x
    stripes = random.integers(0, 80, (2, 20, 8, 8), dtype=np.uint8)
    stripes[..., ::2, :] += 170
    for k, images in enumerate(stripes):
        save(folder / OTHER / "train" / f"kind {k}", images[:10])
        save(folder / OTHER / "test" / f"kind {k}", images[10:])
    return arrays | {"other": stripes[:, 10:].reshape(-1, 8, 8)}


def save(folder: Path, images: np.ndarray) -> None:
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:03d}.png")


def make_params(source: Path) -> dict:
    """The committed params.yaml with the choices of this run."""
    tree = yaml.safe_load((stages_alone.ROOT / "params.yaml").read_text())
    tree |= {k: tree[k] | v if isinstance(v, dict) else v for k, v in CHOICES.items()}
    tree["zoo"][VAE]["perceptual"] = 0.5
    tree["zoo"]["lsgan"] = {"class_path": "plugins/lsgan.py:Model", "lr": 0.1}
    images = {"size": 8, "channels": 1}
    tree["data"] |= {
        DATASET: {"path": str(source / DATASET), "ood": [OTHER, "noise"], **images},
        OTHER: {"path": str(source / OTHER), "ood": ["noise"], **images},
    }
    return tree


def run_pipeline(root: Path) -> KnownRun:
    images = make_images(root / "mine")
    results = root / "results"
    results.mkdir()
    tree = make_params(root / "mine")
    (results / "params.yaml").write_text(yaml.safe_dump(tree))
    stages = stages_alone.expand(stages_alone.load_pipeline(), tree)
    reads = {}
    for stage in stages:
        alone = root / "alone" / stage.name
        reads[stage.name] = stages_alone.run_alone(stage, results, alone)
        stages_alone.keep(stage, alone, results)
    return KnownRun(results, stages, reads, images)
