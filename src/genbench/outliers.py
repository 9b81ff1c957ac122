"""Telling anomalies and other datasets apart by scores; larger is stranger, everywhere."""

import numpy as np

from .images import to_unit


def corrupt(x: np.ndarray, kind: str, random: np.random.Generator) -> np.ndarray:
    """Images (N, C, H, W) uint8, damaged: the anomalies that a detector is asked to find.

    noise : Gaussian, standard deviation 64 of 255 grey levels
    salt_and_pepper : 10 % of the pixels black or white
    blur : mean over 3x3 pixels, three times
    occlusion : a square of half the side, mid-grey, at a random place
    inversion : 255 minus the image
    """
    n, _, size, _ = x.shape
    if kind == "noise":
        return (x + random.normal(0, 64, x.shape)).round().clip(0, 255).astype(np.uint8)
    if kind == "salt_and_pepper":
        dice = random.random((n, 1, size, size))
        return np.where(dice < 0.05, 0, np.where(dice > 0.95, 255, x)).astype(np.uint8)
    if kind == "blur":
        out = x.astype(np.float32)
        for _ in range(3):
            edge = np.pad(out, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
            windows = np.lib.stride_tricks.sliding_window_view(edge, (3, 3), (2, 3))
            out = windows.mean((-2, -1))
        return out.round().astype(np.uint8)
    if kind == "occlusion":
        side = size // 2
        top, left = random.integers(0, size - side + 1, (2, n, 1, 1, 1))
        rows, columns = np.arange(size)[:, None], np.arange(size)[None, :]
        inside = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
        return np.where(inside, 128, x).astype(np.uint8)
    if kind == "inversion":
        return 255 - x
    raise ValueError(f"unknown corruption {kind}")


def score(model, x: np.ndarray, y: np.ndarray, batch_size: int = 500) -> dict[str, np.ndarray]:
    """The model's anomaly scores, each (N,) float32, of images (N, C, H, W) uint8."""
    import torch

    parts = []
    with torch.no_grad():
        for at in range(0, len(x), batch_size):
            images = to_unit(torch.as_tensor(x[at : at + batch_size]).to(model.device))
            classes = torch.as_tensor(y[at : at + batch_size]).to(model.device)
            parts.append(model.scores(images, classes))
    return {k: torch.cat([p[k] for p in parts]).float().cpu().numpy() for k in parts[0]}


def detection(normal: np.ndarray, strange: np.ndarray) -> dict[str, float]:
    """How well scores tell two sets apart, whatever the threshold.

    Parameters
    ----------
    normal, strange : (N,) and (M,) scores, larger is stranger

    Returns
    -------
    auroc : chance that a strange image scores above a normal one (ties count half); 0.5 is chance
    aupr : average precision with the strange images as the positives
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
    return {
        "auroc": binary_auroc(ranks, truth).item(),
        "aupr": binary_average_precision(ranks, truth).item(),
        "fpr95": float((normal >= reached).mean()),
    }


def decisions(normal: np.ndarray, strange: np.ndarray, threshold: float) -> dict[str, float]:
    """Counts and rates of the rule "an anomaly scores above `threshold`"."""
    tp, fp = int((strange > threshold).sum()), int((normal > threshold).sum())
    fn, tn = len(strange) - tp, len(normal) - fp
    return {
        "threshold": float(threshold),
        **{"tp": tp, "fp": fp, "tn": tn, "fn": fn},
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
    }


def verdict(scores: dict[str, dict[str, np.ndarray]], quantile: float) -> dict:
    """All detection results of one model.

    Parameters
    ----------
    scores : by set ("val", "test", "corrupted-<kind>", "ood-<name>"), then by score, (N,)
    quantile : the threshold is this quantile of the score on validation images

    Returns
    -------
    "anomaly" : by score, `decisions` and `detection` with all corruptions pooled, and the AUROC
        of each; "ood" : by partner and score, `detection`; "main_score" : the model's own choice.
    """
    kinds = [name for name in scores if name.startswith("corrupted-")]
    partners = [name for name in scores if name.startswith("ood-")]
    normal, names = scores["test"], list(scores["test"])
    found = {"main_score": names[0] if names else None, "anomaly": {}, "ood": {}}
    for name in names:
        pooled = np.concatenate([scores[kind][name] for kind in kinds])
        threshold = float(np.quantile(scores["val"][name], quantile))
        each = {kind: detection(normal[name], scores[kind][name])["auroc"] for kind in kinds}
        together = detection(normal[name], pooled)
        found["anomaly"][name] = {
            **decisions(normal[name], pooled, threshold),
            "auroc": together["auroc"],
            "average_precision": together["aupr"],
            "fpr95": together["fpr95"],
            **{f"auroc_{kind.removeprefix('corrupted-')}": value for kind, value in each.items()},
            "n": len(normal[name]) + len(pooled),
        }
    for partner in partners:
        found["ood"][partner.removeprefix("ood-")] = {
            name: {
                **detection(normal[name], scores[partner][name]),
                "n_in": len(normal[name]),
                "n_out": len(scores[partner][name]),
            }
            for name in names
        }
    return found
