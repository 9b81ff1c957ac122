"""Telling anomalies and other datasets apart by scores; larger is stranger, everywhere."""

import math
from pathlib import Path

import numpy as np

from ..params import Params
from ..utils import files, seeds
from ..utils.images import grid
from .corruptions import corrupt


def lowest_and_highest_scoring(
    sets: dict[str, np.ndarray], scores: dict[str, np.ndarray]
) -> np.ndarray:
    """Two rows per set of images (N, C, H, W): its least strange ones, and its strangest.

    `scores` (N,) by set, larger is stranger; strangest first, and least strange first.
    """
    columns, rows = N_COLUMNS, []
    for name, x in sets.items():
        order = np.argsort(scores[name], kind="stable")
        rows += [x[np.resize(which, columns)] for which in (order[:columns], order[::-1][:columns])]
    return grid(np.concatenate(rows), columns)


N_COLUMNS = 22
"""Images in a row of a figure."""
Z_95 = 1.959964
"""Standard errors to either side of a 95 % interval."""


def detection_sets(p: Params, dataset: str, path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The images that every detector is tried on, (N, C, H, W) uint8, and their labels.

    "val" and "test", "corrupted-<kind>" of the same test images, "ood-<partner>"; at most
    `p.anomaly.n` each, the same for all detectors. Labels of other datasets say nothing.
    """
    random = seeds.rng(p.seed, "anomaly", dataset)
    found = {}
    for part in ("val", "test"):
        x, y = files.load_npz(path, f"{part}_x", f"{part}_y")
        some = random.permutation(len(x))[: p.anomaly.n]
        found[part] = x[some], y[some]
    x, y = found["test"]
    for kind, severity in p.anomaly.damages.items():
        found[f"corrupted-{kind}"] = corrupt(x, kind, severity, random), y
    for name in files.ood_names(path):
        (other,) = files.load_npz(path, f"ood_{name}_x")
        other = other[random.permutation(len(other))[: p.anomaly.n]]
        found[f"ood-{name}"] = other, np.resize(y, len(other))
    return found


def flatten(scores: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Scores by set and name as arrays called "<set>/<name>"."""
    return {f"{part}/{name}": v for part, found in scores.items() for name, v in found.items()}


def auroc_aupr_fpr(normal: np.ndarray, strange: np.ndarray) -> dict[str, float]:
    """How well scores tell two sets apart, whatever the threshold.

    Parameters
    ----------
    normal, strange : (N,) and (M,) scores, larger is stranger

    Returns
    -------
    auroc : chance that a strange image scores above a normal one (ties count half); 0.5 is chance
    auroc_low, auroc_high : its 95 % interval, +- 1.96 of DeLong's standard errors, cut to [0, 1]
        (DeLong et al. 1988, Biometrics 44)
    aupr : average precision with the strange images as the positives
    aupr_normal : with the normal ones as the positives, and lower scores ahead
    fpr95 : share of the normal images above the score that 95 % of the strange ones reach
    """
    import torch
    from torchmetrics.functional.classification import binary_auroc, binary_average_precision

    scores = torch.as_tensor(np.concatenate([normal, strange]))
    truth = torch.cat([torch.zeros(len(normal)), torch.ones(len(strange))]).long()
    # torchmetrics takes values outside [0, 1] for logits and would squeeze them: ranks keep order
    ranks = torch.unique(scores, return_inverse=True)[1].double()
    ranks = ranks / max(ranks.max().item(), 1)
    reached = np.sort(strange)[int(np.floor(0.05 * len(strange)))]
    auroc, error = binary_auroc(ranks, truth).item(), auroc_standard_error(normal, strange)
    return {
        "auroc": auroc,
        "auroc_low": max(0.0, auroc - Z_95 * error),
        "auroc_high": min(1.0, auroc + Z_95 * error),
        "aupr": binary_average_precision(ranks, truth).item(),
        "aupr_normal": binary_average_precision(1 - ranks, 1 - truth).item(),
        "fpr95": float((normal >= reached).mean()),
    }


def auroc_standard_error(normal: np.ndarray, strange: np.ndarray) -> float:
    """DeLong's standard error of the AUROC of scores (N,) and (M,).

    From each image's share of the other set that lies on its right side, ties half.
    """

    def placed(points, of):
        of = np.sort(of)
        below, upto = (np.searchsorted(of, points, side) for side in ("left", "right"))
        return (below + upto) / (2 * len(of))

    parts = [placed(strange, normal), placed(normal, strange)]
    return math.sqrt(sum(np.var(v, ddof=1) / len(v) if len(v) > 1 else 0.0 for v in parts))


def effect_size(normal: np.ndarray, strange: np.ndarray) -> dict[str, float]:
    """Whether scores are higher in one of two sets (N,) and (M,), on average.

    Returns
    -------
    mean_in, mean_out, sem_in, sem_out : means and their standard errors
    effect : Cohen's d, the difference in pooled standard deviations; above 0: `strange` is higher
    p : of Welch's test, two-sided, by the normal distribution
    """
    (a, va), (b, vb) = (
        (v.mean(dtype=float), v.var(ddof=1, dtype=float)) for v in (normal, strange)
    )
    errors = va / len(normal), vb / len(strange)
    pooled, error = math.sqrt((va + vb) / 2), math.sqrt(sum(errors))
    return {
        "mean_in": a,
        "mean_out": b,
        "sem_in": math.sqrt(errors[0]),
        "sem_out": math.sqrt(errors[1]),
        "effect": (b - a) / pooled if pooled else 0.0,
        "p": math.erfc(abs(b - a) / error / math.sqrt(2)) if error else float(a == b),
    }


def confusion_counts(normal: np.ndarray, strange: np.ndarray, threshold: float) -> dict[str, float]:
    """Counts and rates of the rule "an anomaly scores above `threshold`"."""
    tp, fp = int((strange > threshold).sum()), int((normal > threshold).sum())
    fn, tn = len(strange) - tp, len(normal) - fp
    return {
        "threshold": float(threshold),
        "tp": tp,
        "fp": fp,
        "tn": tn,
        "fn": fn,
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
    }


def detection_results(scores: dict[str, dict[str, np.ndarray]], quantile: float) -> dict:
    """All detection results of one model.

    Parameters
    ----------
    scores : by set ("val", "test", "corrupted-<kind>", "ood-<name>"), then by score, (N,)
    quantile : the threshold is this quantile of the score on validation images

    Returns
    -------
    "anomaly" : by score, `decisions` and `detection` with all corruptions pooled; "kinds" : by
        corruption and score the same for it alone; "ood" : by partner and score, `detection` and
        `difference`; "main_score" : the model's own choice, the first.
    """
    kinds = [name for name in scores if name.startswith("corrupted-")]
    partners = [name for name in scores if name.startswith("ood-")]
    normal, names = scores["test"], list(scores["test"])
    found = {"main_score": names[0] if names else None, "anomaly": {}, "kinds": {}, "ood": {}}
    thresholds = {name: float(np.quantile(scores["val"][name], quantile)) for name in names}

    def found_by(name, strange):
        decided = confusion_counts(normal[name], strange, thresholds[name])
        return (
            decided
            | auroc_aupr_fpr(normal[name], strange)
            | {"n": len(normal[name]) + len(strange)}
        )

    for name in names:
        found["anomaly"][name] = found_by(name, np.concatenate([scores[k][name] for k in kinds]))
    for kind in kinds:
        found["kinds"][kind.removeprefix("corrupted-")] = {
            name: found_by(name, scores[kind][name]) for name in names
        }
    for partner in partners:
        found["ood"][partner.removeprefix("ood-")] = {
            name: {
                **auroc_aupr_fpr(normal[name], scores[partner][name]),
                **effect_size(normal[name], scores[partner][name]),
                "n_in": len(normal[name]),
                "n_out": len(scores[partner][name]),
            }
            for name in names
        }
    return found
