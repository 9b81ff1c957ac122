"""A results tree as the stages leave it, made up: two datasets, one grey and one in colour."""

import functools
import shutil
import tempfile
from pathlib import Path

import measured
import numpy as np

from genbench.anomaly.results import EXTREMES, SetScores, save_scores
from genbench.evaluation.results import DETECTION, NEAREST, ClassShare, Protocol, Quality, Reference
from genbench.latent.results import FEATURES, REAL, Embedding, save_embeddings
from genbench.params import Params
from genbench.training.results import (
    ClassifierSummary,
    TrainingSummary,
    save_training,
    snapshot_path,
)
from genbench.trials.results import Trial
from genbench.utils import failure, files, images
from genbench.utils.record import Estimate

MODELS = ("gan", "dcgan", "wgan", "vae")
SIDES = {"digits": (1, 8, 3), "Käfer": (3, 32, 12)}  # channels, pixels, classes
PROTOCOL = Protocol(
    extractor="classifier",
    extractor_sha256="0123456789abcdef" * 4,
    resize="none",
    n=100,
    split="test",
    seed=0,
)
OOD = "other_beetles"
SETS = (
    ("val", "val", 0.0),
    ("test", "test", 0.0),
    ("corruption", "noise", 2.5),
    ("corruption", "blur", 0.7),
    ("ood", OOD, 1.5),
    ("ood", "noise", 6.0),
)
"""Kind, name and mean of the scores of each set of images."""
ALARMS = {"gan": ["mode collapse: all <b>alike</b>; from 12,000 to 60,000 images"]}

TREE = {
    "seed": 0,
    "seeds": [],
    "data_seed": 0,
    "portable": True,
    "device": "cpu",
    "datasets": list(SIDES),
    "models": list(MODELS),
    "model": {"latent_dim": 4, "width": 8},
    "train": {
        "images": 60000,
        "augment": [],
        "select": "last",
        "batch_size": 64,
        "ema_images": 1000,
        "log_points": 40,
        "snapshots": 4,
        "threads": 1,
        "checkpoint_every": 60,
        "precision": "float32",
        "deterministic": True,
    },
    "zoo": {},
    "split": {"val": 0.1, "test": 0.25, "train": None},
    "data": {name: {"ood": [OOD, "noise"]} for name in SIDES},
    "classifier": {
        "network": "auto",
        "images": {"cnn": 1000, "resnet": 1000},
        "batch_size": 10,
        "lr": 0.001,
        "width": 8,
    },
    "evaluate": {
        "n": 100,
        "sample_sets": 1,
        "is_splits": 2,
        "kid_subsets": 2,
        "kid_subset_size": 10,
        "extractor": "classifier",
        "inception_weights": None,
        "resize": "tensorflow",
    },
    "anomaly": {
        "n": 100,
        "quantile": 0.95,
        "held_out_class": None,
        "corruptions": {"noise": 64.0, "blur": 3},
        "iterative": {"scores": [], "n": 50, "draws": 5, "steps": 5},
    },
    "tsne": {"n": 100, "perplexity": 30, "n_neighbors": 10},
    "sweep": {
        "models": ["vae"],
        "beta": [0.5, 4],
        "latent_dim": [4, 16],
        "width": [16, 32],
        "seeds": [0],
        "images": 1000,
    },
    "latent": {"n": 100, "ppl_samples": 50, "iwae_samples": 0},
    "report": {"single_file": False},
    "tracking": {"enabled": False, "experiment": "x", "live_after": 30},
}


def params(**changes) -> Params:
    """Choices that fit the tree, some of them changed."""
    return Params.model_validate({**TREE, **changes})


def tree(root, n: int = 20, datasets=tuple(SIDES)):
    """Write results of all models; returns the folders of data and details.

    From n = 100 images on, pictures have the sizes that the stages give them.
    """
    folder = _made(n, tuple(datasets), tuple(SIDES[dataset] for dataset in datasets))
    shutil.copytree(folder.name, root, dirs_exist_ok=True)
    return root / "data", root / "metrics" / "details"


@functools.cache
def _made(n, datasets, sides):
    """The folder of such a tree, written once in a process for all datasets of these `SIDES`."""
    folder = tempfile.TemporaryDirectory()
    data, details = Path(folder.name, "data"), Path(folder.name, "metrics", "details")
    for dataset in datasets:
        random = np.random.default_rng(len(dataset))
        _dataset(data, details, dataset, random, n)
        for i, model in enumerate(MODELS):
            _model(data, details, dataset, model, random, i, n >= 100)
        _embeddings(details / "tsne" / dataset, dataset, random)
        _sweep(data / "models" / dataset, details / "sweep" / dataset)
    return folder


def class_names(dataset):
    """Names that would break a page which does not escape them."""
    return [f"class <b>{i}</b> & more" for i in range(SIDES[dataset][2])]


def _dataset(data, details, dataset, random, n):
    channels, side, k = SIDES[dataset]
    arrays = {"classes": np.array(class_names(dataset)), "ood_names": np.array([OOD, "noise"])}
    for part in ("train", "val", "test"):
        y = random.integers(0, k, n)
        arrays |= {f"{part}_x": _images(random, n, channels, side, y), f"{part}_y": y}
    for name in (OOD, "noise"):
        arrays |= {f"ood_{name}_x": arrays["test_x"]}
        arrays |= {f"ood_{name}_preprocessing": "as they <i>are</i>"}
    files.save_npz(data / "processed" / f"{dataset}.npz", **arrays)
    ClassifierSummary(
        network="cnn",
        parameters=1000,
        n_train=n,
        n_val=n,
        n_test=n,
        train_accuracy=1.0,
        val_accuracy=0.9,
        test_accuracy=0.87 if channels == 3 else 0.985,
    ).save(data / "classifiers" / dataset / "summary.json")
    floor, ceiling = measured.quality(3.1, 8.6), measured.noise()
    reference = Reference(protocol=PROTOCOL, floor=floor, ceiling=ceiling)
    reference.save(details / "reference" / dataset / "metrics.json")
    _controls(details / "controls" / dataset, random, channels, side, k)
    trivial = measured.detections(("png_size",), {"corruption": 0.6, "ood": 0.7}, OOD)
    maps = [measured.localization(0.71)]
    trivial = trivial.model_copy(update={"localizations": maps})
    folder = details / "baselines" / dataset
    trivial.save(folder / "metrics.json")
    save_scores(folder / "scores.npz", _scores(("png_size",), random))


def _controls(folder, random, channels, side, k):
    controls = measured.controls(PROTOCOL, k)
    controls.save(folder / "metrics.json")
    measured.held_out_detection().save(folder / DETECTION)
    for name in controls.classical:
        x = _images(random, 6, channels, side, np.arange(6) % k)
        images.save_png(folder / f"{name}.png", images.grid(x, 3))


def _model(data, details, dataset, model, random, i, large):
    channels, side, k = SIDES[dataset]
    vae = model == "vae"

    def picture(path, rows, columns):
        rows, columns = (rows, columns) if large else (2, 3)
        y = np.arange(rows * columns) % k
        images.save_png(path, images.grid(_images(random, len(y), channels, side, y), columns))

    _training(data / "models" / dataset / model, model, random, i, picture)
    picture(data / "samples" / dataset / model / "grid.png", 10, 10)
    x = _images(random, 10, channels, side, np.arange(10) % k)
    files.save_npz(data / "samples" / dataset / model / "samples.npz", x=x)
    folder = details / "latent" / dataset / model
    names = ("interpolation_lerp", "interpolation_slerp", "traversals", "local_perturbations")
    encoder_names = ("reconstructions", "reconstructions_train", "arithmetic")
    for name in (*names, *(encoder_names if vae else ())):
        picture(folder / f"{name}.png", 6, 11)
    measured.latent(2.0 + i, class_names(dataset) if vae else None).save(folder / "metrics.json")
    folder = details / "evaluate" / dataset / model
    picture(folder / NEAREST, 4, 22)
    _quality(dataset, model, i).save(folder / "metrics.json")
    folder = details / "anomaly" / dataset / model
    picture(folder / EXTREMES, 4, 22)
    _detection(folder, model, random, i)
    if vae:
        picture(folder / "maps.png", 4, 22)


def _training(folder, model, random, i, picture):
    history = [
        measured.losses(random, model, seen / 60000, seen) for seen in range(1500, 60001, 1500)
    ]
    summary = TrainingSummary(
        images=60000,
        parameters=123456 * (i + 1),
        flops=1e6 * (i + 1),
        ema=True,
        final={name: value for name, value in history[-1].items() if name != "images"},
        alarms=ALARMS.get(model, []),
        likelihood="bernoulli" if model == "vae" else None,
    )
    save_training(folder, summary, history)
    for seen in (0, 20000, 40000, 60000):
        picture(snapshot_path(folder, seen), 8, 8)


def _quality(dataset, model, i):
    k = SIDES[dataset][2]
    protocol = PROTOCOL.model_copy(update={"weights": "averaged", "checkpoint": "last"})
    own = {"classes_covered": k - (i == 0), "class_entropy": 2.2}
    quality = measured.samples(protocol, 30.0 / (i + 1), i, score=5.0 + i, **own)
    metrics = dict(quality.metrics)
    if model == "vae":
        metrics["negative_elbo"] = Estimate(value=21.4, low=21.0, high=21.8)
    names = class_names(dataset)
    classes = [ClassShare(name=name, share=1 / k, precision=0.6) for name in names]
    return quality.model_copy(update={"metrics": metrics, "classes": classes})


def _detection(folder, model, random, i):
    names = ("negative_elbo", "kl") if model == "vae" else ("discriminator",)
    sign = 1 if i else -0.4
    save_scores(folder / "scores.npz", _scores(names, random, sign))
    auroc = {"corruption": 0.8 if i else 0.31, "ood": 0.9 - i / 20 if i else 0.2}
    found = measured.detections(names, auroc, OOD)
    maps = [measured.localization(0.93)] if model == "vae" else []
    found.model_copy(update={"localizations": maps}).save(folder / "metrics.json")


def _scores(names, random, sign=1):
    return [
        SetScores(
            kind,
            name,
            {score: random.normal(mean * sign, 1, 300).astype(np.float32) for score in names},
        )
        for kind, name, mean in SETS
    ]


def _embeddings(folder, dataset, random):
    k = SIDES[dataset][2]
    y = random.integers(0, k, 400)
    centers = random.normal(0, 30, (k, 2))
    groups = np.repeat([REAL, *MODELS], 80)
    embeddings = []
    for name, spread, group in (("vae", 5, np.repeat(REAL, 400)), (FEATURES, 4, groups)):
        points = centers[y] + random.normal(0, spread, (400, 2))
        images = random.integers(0, 10, 400)
        embeddings.append(Embedding(name, points, y, group, images))
    save_embeddings(folder / "embeddings.npz", embeddings)
    measured.embeddings(MODELS).save(folder / "metrics.json")


def _sweep(trainings, points):
    """Points of a grid and of a rate-distortion curve."""
    for latent_dim in (4, 16):
        for width in (16, 32):
            name = f"vae-{latent_dim}-{width}-0"
            final = {"model/loss": 21.5, "val/loss": 20 + 40 / width}
            _point_training(trainings / name, 1000 * width, 2e4 * width, final)
            at = {"latent_dim": latent_dim, "width": width, "seed": 0}
            trial("vae", at, fid=300 / latent_dim + width / 7).save(points / f"{name}.json")
    for beta, rate in ((0.5, 9.0), (4, 3.0)):
        name = f"beta_vae-{beta}-0"
        _point_training(trainings / name, 1000, 2e4, {"val/loss": 30.0})
        metrics = {"fid": 40.0, "rate": rate, "distortion": 30 - rate, "active_units": 3}
        trial("beta_vae", {"beta": beta, "seed": 0}, **metrics).save(points / f"{name}.json")


def trial(model, at, **metrics):
    """A trial with these metrics, without intervals."""
    quality = Quality(
        protocol=PROTOCOL,
        n_real=100,
        n_fake=100,
        metrics={key: Estimate(value=value) for key, value in metrics.items()},
        sample_sets={},
        classes=[],
    )
    return Trial(model=model, at=at, quality=quality)


def replicate(data, details, dataset, model, seed, shift=0.0, alarms=()):
    """Write a training of a model with another seed: as the first one, its FID moved by `shift`."""
    first = data / "models" / dataset / model
    history = [
        {key: value if key == "images" else value + shift / 10 for key, value in row.items()}
        for row in files.load_csv(first / "history.csv")
    ]
    summary = files.load_json(first / "summary.json") | {"alarms": list(alarms)}
    save_training(first.with_name(f"{model}-{seed}"), TrainingSummary(**summary), history)
    stages = {"quality": "evaluate", "detection": "anomaly", "latent": "latent"}
    records = {
        part: files.load_json(details / stage / dataset / model / "metrics.json")
        for part, stage in stages.items()
    }
    quality = records["quality"]
    quality["metrics"]["fid"]["value"] += shift
    noise = np.random.default_rng(seed).normal(0, 0.5, len(quality["halves"]["fid"]))
    quality["halves"]["fid"] = (np.array(quality["halves"]["fid"]) + shift + noise).tolist()
    trial = Trial.model_validate({"model": model, "at": {"seed": seed}, **records})
    trial.save(details / "replicate" / dataset / f"{model}-{seed}.json")


def _point_training(folder, parameters, flops, final, images=1000):
    history = [{"images": images / 2, "model/loss": 30.0}, {"images": images, **final}]
    summary = TrainingSummary(
        images=images, parameters=parameters, flops=flops, ema=True, final=final, alarms=[]
    )
    save_training(folder, summary, history)


def _images(random, n, channels, side, y):
    """A bright spot whose place tells the class."""
    axis = np.arange(side)
    angle = y * 0.7
    row, column = (side / 2 + side / 4 * f(angle)[:, None, None] for f in (np.sin, np.cos))
    far = (axis[:, None] - row) ** 2 + (axis[None, :] - column) ** 2
    tint = random.uniform(0.5, 1, (n, channels, 1, 1))
    return (255 * tint * np.exp(-far / side)[:, None]).astype(np.uint8)


def diverge(data, details, dataset, model, images=3000, reason="model/loss not finite"):
    """Make a model, or a point of a sweep, one whose training diverged, as its stages leave it."""
    training = data / "models" / dataset / model
    history = [row for row in files.load_csv(training / "history.csv") if row["images"] <= images]
    summary = files.load_json(training / "summary.json") | {"images": images, "alarms": []}
    folders = [details / stage / dataset / model for stage in ("evaluate", "anomaly", "latent")]
    for folder in (training, data / "samples" / dataset / model, *folders):
        if folder.exists():
            shutil.rmtree(folder)
            failure.save(folder, reason)
    save_training(training, TrainingSummary(**summary), history)
    for stage in ("sweep", "replicate"):
        trial = details / stage / dataset / f"{model}.json"
        if trial.exists():
            Trial.load(trial).model_copy(update={"quality": None}).save(trial)


def kill(data, details, dataset, model):
    """Kill the training of a model in a later run: what follows it is of the earlier one."""
    shutil.rmtree(data / "models" / dataset / model)
