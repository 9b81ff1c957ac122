"""Numbers as the stages write them, made up: some of one model."""

import numpy as np

from genbench.anomaly.results import Decisions, Detection, DetectionResults, Localization, Shift
from genbench.evaluation.results import Controls, Quality
from genbench.intervals import N_PAIRS, T_95
from genbench.latent.results import ClassError, EmbeddingMetrics, Embeddings, LatentResults
from genbench.utils.record import Estimate


def quality(fid, score):
    """Metrics of one set of images, in the features of an extractor."""
    sure = {
        "fid": fid,
        "is": score,
        "kid": fid / 600,
        "precision": 0.5,
        "recall": 0.4,
        "density": 0.9,
        "coverage": 0.8,
        "duplicates": 0.02,
    }
    metrics = {key: Estimate(value=v, low=0.95 * v, high=1.05 * v) for key, v in sure.items()}
    plain = {"fid_infinity": fid - 1, "is_std": 0.1, "kid_std": 0.001}
    return metrics | {key: Estimate(value=v) for key, v in plain.items()}


def noise():
    """The same of noise: in features it is as precise as real images are."""
    metrics = quality(400.0, 1.2)
    low = {"recall": 0.05, "density": 0.2, "coverage": 0.04, "duplicates": 0.9}
    return metrics | {key: Estimate(value=value) for key, value in low.items()}


def halves(estimate, i=0):
    """Values for halves of the images that have the interval; uncorrelated with those of other i.

    i : 0 to 8
    """
    error = (estimate.high - estimate.low) / 2 / T_95
    swing = error * 2**0.5 * np.cos(2 * np.pi * (i + 1) * np.arange(N_PAIRS) / N_PAIRS)
    return np.stack([estimate.value + swing, estimate.value - swing], 1).ravel().tolist()


def samples(protocol, fid, i=0, *, n=100, score=8.0, z=1.2, near=(0.002, 0.01, 0.03), **values):
    """The quality of one set of images; near copies as (low, value, high), others as values."""
    low, share, high = near
    metrics = quality(fid, score) | {key: Estimate(value=value) for key, value in values.items()}
    metrics["copying_z"] = Estimate(value=z)
    metrics["near_copies"] = Estimate(value=share, low=low, high=high)
    sure = [key for key in quality(fid, score) if metrics[key].low is not None]
    return Quality(
        protocol=protocol,
        n_real=150,
        n_fake=n,
        metrics=metrics,
        halves={key: halves(metrics[key], i) for key in sure},
        sample_sets={},
        classes=[],
    )


def controls(protocol, n_classes):
    """Classical generators and planted truths, which bear out every verdict."""

    def planted(fid, i=0, *, covered=n_classes, n=75, **values):
        return samples(protocol, fid, i, n=n, classes_covered=covered, **values)

    few, all_near = (0.12, 0.15, 0.19), (0.98, 1.0, 1.0)
    without_class = {"without_class": planted(20.6, covered=n_classes - 1)}
    return Controls(
        classical={
            "gaussian": samples(protocol, 64.0, 5, z=23.2, classes_covered=n_classes),
            "gmm": samples(protocol, 12.0, 6, z=7.9, classes_covered=n_classes),
            "kde": samples(protocol, 5.0, 7, z=-13.4, near=few, classes_covered=n_classes),
            "mean": samples(protocol, 426.0, 8, z=23.8, classes_covered=1, duplicates=1.0),
        },
        planted={
            "held_out": planted(13.9, z=-1.0, duplicates=0.01),
            "copies_10": planted(13.8, z=-2.9, near=(0.06, 0.1, 0.14)),
            "copies_50": planted(13.5, z=-9.2, near=(0.43, 0.5, 0.56)),
            "copies_100": planted(9.0, z=-18.4, near=all_near),
            **(without_class if n_classes > 1 else {}),
            "duplicated": planted(14.4, z=-1.8, duplicates=0.5),
            "blurred": planted(47.9, 1, z=8.0),
            "first_half": planted(20.6, 2, n=37, z=-1.5),
            "second_half": planted(20.0, 3, n=38, z=-0.1),
        },
    )


def held_out_detection():
    """One half of the test images against the other, which nothing can tell apart."""
    rows = {"mean_pixel": (0.53, 0.4), "png_size": (0.47, 0.33)}
    detections = [_detection("ood", "held_out", score, *row) for score, row in rows.items()]
    return DetectionResults(detections=detections)


def latent(path_length, classes=None):
    """What is measured of a latent space; `classes` are those of a model with an encoder."""
    metrics = {"path_length": path_length, "path_length_median": 1.5}
    if classes is None:
        shares = [0.5, 0.3, 0.15, 0.05]
        metrics = {key: Estimate(value=value) for key, value in metrics.items()}
        return LatentResults(metrics=metrics, direction_shares=shares)
    metrics |= {"rate": 6.1, "distortion": 15.2, "active_units": 3, "mutual_information": 4.5}
    metrics |= {"marginal_kl": 1.6, "mmd": 0.002, "psnr": 21.0, "ssim": 0.91, "psnr_train": 21.3}
    metrics |= {"ssim_train": 0.92, "arithmetic_accuracy": 0.7}
    return LatentResults(
        metrics={key: Estimate(value=value) for key, value in metrics.items()},
        n=100,
        kl_per_latent=[2.1, 0.001, 1.9, 2.2],
        squared_error_by_class=[
            ClassError(name=name, squared_error=0.01 + i / 1000) for i, name in enumerate(classes)
        ],
    )


def embeddings(models):
    """How far the embeddings of a dataset are to be believed; only `vae` has codes."""
    numbers = {"n": 60, "trustworthiness": 0.98, "stability": 0.9}
    structure = {"knn_accuracy": 0.93, "knn_accuracy_map": 0.9}
    structure |= {"silhouette": 0.3, "silhouette_map": 0.5}
    return Embeddings(
        codes={"vae": EmbeddingMetrics(**numbers, **structure)},
        features=EmbeddingMetrics(**numbers),
        real_neighbors={model: 0.1 + i / 10 for i, model in enumerate(models)},
    )


def detections(scores, auroc, ood):
    """Detections of two corruptions, alone and together, and of two datasets; AUROC by kind."""
    sets = [
        ("corruptions", "all", auroc["corruption"]),
        ("corruption", "noise", min(auroc["corruption"] + 0.15, 1.0)),
        ("corruption", "blur", 0.45),
        ("ood", ood, auroc["ood"]),
        ("ood", "noise", auroc["ood"]),
    ]
    rows = [_detection(kind, name, score, v) for kind, name, v in sets for score in scores]
    return DetectionResults(main_score=scores[0], detections=rows)


def localization(auroc, name="occlusion", kind="corruption"):
    """How well a map shows where an anomaly is."""
    estimate = Estimate(value=auroc, low=auroc - 0.01, high=auroc + 0.02)
    return Localization(kind=kind, name=name, n=300, auroc=estimate)


def _detection(kind, name, score, auroc, p=0.0):
    decisions = Decisions(
        threshold=1.64, tp=300, fp=15, tn=285, fn=300, precision=0.952, recall=0.5, f1=0.656
    )
    shift = Shift(mean_in=1.0, mean_out=2.0, sem_in=0.1, sem_out=0.1, effect=1.0, p=p)
    return Detection(
        kind=kind,
        name=name,
        score=score,
        n_in=300,
        n_out=600 if kind == "corruptions" else 300,
        auroc=Estimate(value=auroc, low=auroc - 0.02, high=auroc + 0.02),
        aupr=0.8,
        aupr_normal=0.7,
        fpr95=0.4,
        decisions=None if kind == "ood" else decisions,
        shift=shift if kind == "ood" else None,
    )


def losses(random, model, t, seen):
    noise = random.normal(0, 0.1, 8)
    if model == "vae":
        reconstruction, kl = 15 + 8 * np.exp(-5 * t) + noise[0], 6 - 3 * np.exp(-5 * t) + noise[1]
        row = {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
        row = {f"model/{k}": v for k, v in row.items()} | {f"val/{k}": v for k, v in row.items()}
        row |= {f"model/kl_layer_{i}": row["model/kl"] / i for i in (1, 2)}
        row |= {"val/active_units": 3, "val/diversity": 0.8}
        return {"images": seen, **row}
    if model == "wgan":
        row = {"critic/loss": -0.3 + noise[0], "critic/earth_movers_distance": 0.3 + noise[0]}
        row |= {"generator/loss": 0.1 + noise[1], "val/loss": -0.2}
        row |= {"val/earth_movers_distance": 0.2, "val/clip_saturation": 0.3}
        return {"images": seen, **row}
    row = {"discriminator/loss": 1.2 + noise[0], "discriminator/real": 0.6 + noise[1]}
    row |= {"discriminator/fake": 0.4 + noise[2], "generator/loss": 1 + t + noise[3]}
    row |= {"val/loss": 1.3, "val/real": 0.55, "val/fake": 0.4}
    return {"images": seen, **row, "alarm/mode_collapse": 1.0}
