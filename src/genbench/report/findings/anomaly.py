"""What the scores of strange images say, in sentences that are drawn from the results."""

from ..html import number
from ..results import DatasetResults, Result
from .quality import listed

SIGNIFICANT = 0.01
"""A difference of means with a larger p is taken for chance."""
SMALL = 0.2
"""Cohen's d below which an effect is small."""


def detection(study: DatasetResults, part: str, strange: str) -> list[str]:
    """How well the models' main scores tell `strange` images (of `part`) from test images."""
    auroc = {_main(r): r.score(part)["auroc"] for r in study.results if r.score(part)}
    if not auroc:
        return ["No model has a score for this."]
    out, top = [], max(auroc.values())
    if top > 0.5:
        best = [score for score, value in auroc.items() if f"{value:.3f}" == f"{top:.3f}"]
        verb = "tells" if len(best) == 1 else "tell"
        out.append(f"{listed(best)} {verb} {strange} from test images best: AUROC {top:.3f}.")
    for score, value in auroc.items():
        if value < 0.5:
            near = ", though it is near guessing" if value > 0.45 else ""
            out.append(
                f"{score} is reversed here (AUROC {value:.3f}): it finds {strange} less strange"
                f" than test images{near}."
            )
        elif value < 0.55:
            out.append(f"{score} is hardly better than guessing (AUROC {value:.3f}).")
    return out


def claim(study: DatasetResults, partner: str) -> list[str]:
    """Whether autoencoders reconstruct images of `partner` worse, as is often said."""
    out = []
    for r in study.results:
        if n := r.ood.get(partner, {}).get("reconstruction_error"):
            means = (
                f"{number(n['mean_out'])} against {number(n['mean_in'])}, effect {n['effect']:.2f}"
            )
            if n["p"] > SIGNIFICANT:
                said = f"reconstructs {partner} neither better nor worse ({means}): the claim fails"
            elif n["effect"] < 0:
                said = f"reconstructs {partner} better than test images ({means}): the claim fails"
            elif n["effect"] < SMALL:
                said = f"reconstructs {partner} worse, but hardly so ({means}): of no use here"
            else:
                said = f"reconstructs {partner} worse ({means}), as is often said of autoencoders"
            out.append(f"{r.model} {said}.")
    return out


def worth(study: DatasetResults, partner: str) -> list[str]:
    """The best score of all, and whether it adds anything to the trivial ones."""
    scores = {
        f"{r.model}'s {name.replace('_', ' ')}": n
        for r in study.results
        for name, n in r.ood.get(partner, {}).items()
    }
    if not scores:
        return []
    name, best = max(scores.items(), key=lambda item: item[1]["auroc"])
    trivial, of = max(study.baselines["ood"][partner].items(), key=lambda item: item[1]["auroc"])
    trivial, auroc = trivial.replace("_", " "), f"AUROC {best['auroc']:.3f}"
    if best["auroc_low"] > of["auroc_high"]:
        return [
            f"The best score is {name} ({auroc}), above the best trivial one, {trivial}"
            f" ({of['auroc']:.3f})."
        ]
    return [
        f"The best score, {name} ({auroc}), is no better than the trivial {trivial}"
        f" ({of['auroc']:.3f})."
    ]


def _main(r: Result) -> str:
    return f"{r.model}'s {r.main_score.replace('_', ' ')}" if r.main_score else r.model


def false_alarms(study: DatasetResults, quantile: float) -> list[str]:
    """Whether the threshold, set on validation images, keeps its promise on test images."""
    rates = []
    for r in study.results:
        if n := r.score("anomaly"):
            rates.append(f"{r.model} {n['fp'] / (n['fp'] + n['tn']):.1%}")
    if not rates:
        return []
    return [
        f"Each threshold is the {quantile:g} quantile of the score on validation images, so about"
        f" {1 - quantile:.1%} of the test images should be false alarms; they are:"
        f" {listed(rates)}."
    ]


def hardest_corruption(study: DatasetResults) -> list[str]:
    """The corruption that even its best detector finds worst."""
    best: dict[str, tuple[float, str]] = {}
    for r in study.results:
        for name, scores in r.kinds.items():
            kind, value = name.replace("_", " "), scores[r.main_score]["auroc"]
            best[kind] = max(best.get(kind, (0.0, "")), (value, r.model))
    if len(best) < 2:
        return []
    kind, (value, model) = min(best.items(), key=lambda item: item[1])
    return [f"Hardest to find: {kind} (AUROC {value:.3f} at best, by {model})."]
