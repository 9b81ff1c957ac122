"""A results tree as the stages leave it, made up: two datasets, one grey and one in colour."""

import measured
import numpy as np

from genbench.params import Params
from genbench.utils import files, images

MODELS = ("gan", "dcgan", "wgan", "vae")
SIDES = {"digits": (1, 8, 3), "Käfer": (3, 32, 12)}  # channels, pixels, classes
SETS = {"val": 0.0, "test": 0.0, "corrupted-noise": 2.5, "corrupted-blur": 0.7}
CARD = {
    "extractor": "classifier",
    "extractor_sha256": "0123456789abcdef" * 4,
    "resize": "none",
    "n": 100,
    "split": "test",
    "seed": 0,
}
PARTNER = "other_beetles"
ALARMS = {"gan": ["mode collapse: all <b>alike</b>; from 12,000 to 60,000 images"]}

TREE = {
    "seed": 0,
    "device": "cpu",
    "datasets": list(SIDES),
    "models": list(MODELS),
    "model": {"latent_dim": 4, "width": 8},
    "train": {
        "images": 60000,
        "batch_size": 64,
        "ema_images": 1000,
        "log_points": 40,
        "snapshots": 4,
        "threads": "auto",
        "checkpoint_every": 60,
        "precision": "float32",
        "deterministic": True,
    },
    "zoo": {},
    "split": {"val": 0.1, "test": 0.25},
    "data": {name: {"ood": [PARTNER, "noise"]} for name in SIDES},
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
        "bootstrap": 20,
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
        "images": 1000,
    },
    "latent": {"n": 100, "ppl_samples": 50, "iwae_samples": 0},
    "tracking": {"enabled": False, "experiment": "x", "live_after": 30},
}


def params(**changes) -> Params:
    """Choices that fit the tree, some of them changed."""
    return Params.model_validate({**TREE, **changes})


def tree(root, n: int = 20, datasets=tuple(SIDES)):
    """Write results of all models; returns the folders of data and metrics.

    From n = 100 images on, pictures have the sizes that the stages give them.
    """
    for dataset in datasets:
        channels, side, k = SIDES[dataset]
        random = np.random.default_rng(len(dataset))
        _processed(root / "data", dataset, random, channels, side, k, n)
        for i, model in enumerate(MODELS):
            _model(root, dataset, model, random, i, n >= 100)
        _maps(root, dataset, random, k)
        _sweep(root / "metrics" / "sweep", dataset)
    return root / "data", root / "metrics"


def _sweep(folder, dataset):
    """Points of a grid and of a rate-distortion curve."""

    def save(name, model, seen=1000, **point):
        point |= {"dataset": dataset, "model": model, "images": seen, "alarms": []}
        point["history"] = [{"images": seen / 2, "model/loss": 30.0}]
        point["history"] += [{"images": seen, **point["final"]}]
        files.save_json(folder / f"{dataset}-{name}.json", point)

    for latent_dim in (4, 16):
        for width in (16, 32):
            fid = 300 / latent_dim + width / 7
            save(
                f"vae-{latent_dim}-{width}",
                "vae",
                latent_dim=latent_dim,
                width=width,
                fid_classifier=fid,
                parameters=1000 * width,
                operations=2e4 * width,
                final={"model/loss": 21.5, "val/loss": 20 + 40 / width},
            )
    for beta, rate in ((0.5, 9.0), (4, 3.0)):
        save(
            f"beta-{beta}",
            "beta_vae",
            beta=beta,
            parameters=1000,
            operations=2e4,
            fid_classifier=40.0,
            rate=rate,
            distortion=30 - rate,
            active_units=3,
            final={"val/loss": 30.0},
        )


def _images(random, n, channels, side, y):
    """A bright spot whose place tells the class."""
    axis = np.arange(side)
    angle = y * 0.7
    row, column = (side / 2 + side / 4 * f(angle)[:, None, None] for f in (np.sin, np.cos))
    far = (axis[:, None] - row) ** 2 + (axis[None, :] - column) ** 2
    tint = random.uniform(0.5, 1, (n, channels, 1, 1))
    return (255 * tint * np.exp(-far / side)[:, None]).astype(np.uint8)


def _processed(data, dataset, random, channels, side, k, n):
    arrays = {"classes": np.array([f"class <b>{i}</b> & more" for i in range(k)])}
    for part in ("train", "val", "test"):
        y = random.integers(0, k, n)
        arrays |= {f"{part}_x": _images(random, n, channels, side, y), f"{part}_y": y}
    for partner in (PARTNER, "noise"):
        arrays[f"ood_{partner}_x"] = arrays["test_x"]
        arrays[f"ood_{partner}_preprocessing"] = "as they <i>are</i>"
    arrays["ood_names"] = np.array([PARTNER, "noise"])
    files.save_npz(data / "processed" / f"{dataset}.npz", **arrays)
    record = {"test_accuracy": 0.87 if channels == 3 else 0.985, "features": 128}
    metrics = data.parent / "metrics"
    files.save_json(metrics / "classifier" / f"{dataset}.json", record)
    reference = {
        "floor": measured.quality(3.1, 8.6),
        "ceiling": measured.quality(400.0, 1.2),
        "protocol": CARD,
    }
    files.save_json(metrics / "reference" / f"{dataset}.json", reference)


def _model(root, dataset, model, random, i, large):
    metrics, channels, side, k = root / "metrics", *SIDES[dataset]
    vae = model == "vae"
    history = [
        measured.losses(random, model, seen / 60000, seen) for seen in range(1500, 60001, 1500)
    ]
    folder = metrics / "train" / dataset / model
    files.save_csv(folder / "history.csv", history)
    final = {name: value for name, value in history[-1].items() if name != "images"}
    summary = {"images": 60000, "parameters": 123456 * (i + 1), "final": final, "ema": True}
    summary["alarms"] = ALARMS.get(model, [])
    files.save_json(folder / "summary.json", summary)

    def picture(path, rows, columns):
        rows, columns = (rows, columns) if large else (2, 3)
        y = np.arange(rows * columns) % k
        made = images.grid(_images(random, len(y), channels, side, y), columns)
        images.save_png(path, made)

    for seen in (0, 20000, 40000, 60000):
        picture(folder / "snapshots" / f"{seen:08d}.png", 8, 8)
    picture(metrics / "sample" / dataset / f"{model}.png", 10, 10)
    names = ("interpolation_lerp", "interpolation_slerp", "traversals", "neighbourhood")
    coded = ("reconstructions", "reconstructions_train", "arithmetic")
    for name in (*names, *(coded if vae else ())):
        picture(metrics / "latent" / dataset / model / f"{name}.png", 6, 11)
    latent = {"path_length": 2.0 + i, "path_length_median": 1.5, "intervals": {}}
    latent |= measured.latent(k) if vae else {"direction_shares": [0.5, 0.3, 0.15, 0.05]}
    files.save_json(metrics / "latent" / dataset / f"{model}.json", latent)
    quality = measured.quality(30.0 / (i + 1), 5.0 + i)
    quality |= {"classes_covered": k - (i == 0), "class_entropy": 2.2, "n_real": 150, "n_fake": 100}
    quality |= {"negative_elbo": 21.4} if vae else {}
    table = {f"class <b>{i}</b> & more": {"share": 1 / k, "precision": None} for i in range(k)}
    made = {"weights": "averaged", "checkpoint": "last"}
    quality |= {"classes": table, "over_seeds": {}, "protocol": CARD | made}
    files.save_json(metrics / "evaluate" / dataset / f"{model}.json", quality)
    for stage in ("evaluate", "anomaly"):
        picture(metrics / stage / dataset / f"{model}.png", 4, 22)
    _scores(root, dataset, model, random, i)


def _scores(root, dataset, model, random, i):
    names = ("negative_elbo", "kl") if model == "vae" else ("discriminator",)
    shifts = SETS | {f"ood-{PARTNER}": 1.5, "ood-noise": 6}
    sets = {
        f"{part}/{name}": random.normal(shift * (1 if i else -0.4), 1, 300).astype(np.float32)
        for part, shift in shifts.items()
        for name in names
    }
    files.save_npz(root / "data" / "scores" / dataset / f"{model}.npz", **sets)
    anomaly = {"threshold": 1.64, "tp": 300, "fp": 15, "tn": 285, "fn": 300}
    anomaly |= {"precision": 0.952, "recall": 0.5, "f1": 0.656, "n": 900}
    anomaly |= measured.rates(0.8 if i else 0.31)
    kinds = {"noise": measured.rates(0.96 - i / 50), "blur": measured.rates(0.45)}
    out = measured.rates(0.9 - i / 20 if i else 0.2) | {"n_in": 300, "n_out": 300}
    out |= {"mean_in": 1.0, "mean_out": 2.0, "sem_in": 0.1, "sem_out": 0.1, "effect": 1, "p": 0.0}
    partners = (PARTNER, "noise")
    record = {"main_score": names[0], "anomaly": dict.fromkeys(names, anomaly)}
    record["kinds"] = {kind: dict.fromkeys(names, anomaly | n) for kind, n in kinds.items()}
    record["ood"] = {part: dict.fromkeys(names, out) for part in partners}
    files.save_json(root / "metrics" / "anomaly" / dataset / f"{model}.json", record)
    trivial = {"anomaly": {"png_size": anomaly}}
    trivial |= {"ood": {part: {"png_size": out | measured.rates(0.7)} for part in partners}}
    files.save_json(root / "metrics" / "baselines" / f"{dataset}.json", trivial)


def _maps(root, dataset, random, k):
    y = random.integers(0, k, 400)
    centres = random.normal(0, 30, (k, 2))
    group = np.repeat(np.arange(len(MODELS) + 1), 80)
    arrays = {
        "codes/vae": centres[y] + random.normal(0, 5, (400, 2)),
        "codes_y/vae": y,
        "features": centres[y] + random.normal(0, 4, (400, 2)),
        "features_y": y,
        "features_group": group,
        "features_groups": np.array(MODELS),
    }
    arrays = {key: v.astype(np.float32) if v.dtype == float else v for key, v in arrays.items()}
    files.save_npz(root / "data" / "tsne" / f"{dataset}.npz", **arrays)
    share = {model: 0.1 * (i + 1) for i, model in enumerate(MODELS)}
    codes = {"knn_accuracy": 0.913, "knn_accuracy_map": 0.9, "silhouette": 0.21, "n": 400}
    codes |= {"silhouette_map": 0.3, "trustworthiness": 0.95, "stability": 0.8}
    features = {"trustworthiness": 0.97, "stability": 0.7, "n": 400, "real_neighbours": share}
    record = {"codes": {"vae": codes}, "features": features}
    files.save_json(root / "metrics" / "tsne" / f"{dataset}.json", record)
