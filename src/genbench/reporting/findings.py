"""What the numbers say, in sentences that are drawn from the results."""

from .markup import number
from .summary import Result, Study, places

AT_FLOOR = 1.1
"""A distance within 10 % of the floor is not told apart from it."""
WEAK = 0.9
"""Below this test accuracy, a classifier's features are no good judge."""
SIGNIFICANT = 0.01
"""A difference of means with a larger p is taken for chance."""
SMALL = 0.2
"""Cohen's d below which an effect is small."""
COPIES = 0.8
"""Below this ratio of distances, images are nearer to what was trained on than chance allows."""


def listed(words: list[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def ranking(study: Study, seed: int) -> list[str]:
    """Who is best, how far from real images, what is missing, and how much to believe it."""
    ranked, *others = study.groups()
    best, worst = ranked[0], ranked[-1]
    out = [_against_floor(best, study.reference["floor"]), *_ties(ranked), *_held(ranked)]
    if len(ranked) > 1:
        out.append(
            f"{worst.model} is furthest from the real images (FID {number(worst.metric('fid'))})."
        )
        by_kid = min(ranked, key=lambda r: r.metric("kid"))
        if by_kid is not best:
            out.append(f"KID disagrees about the first place: it prefers {by_kid.model}.")
    if others:
        apart = listed([r.model for group in others for r in group])
        out.append(f"{apart}: measured under another protocol, and so in a table apart.")
    out.append(_coverage(study))
    out += _copies(study)
    out += [
        f"Alarm in the training of {r.model}: {line}." for r in study.ranked() for line in r.alarms
    ]
    accuracy = study.classifier["test_accuracy"]
    if study.extractor == "classifier" and accuracy < WEAK:
        out.append(
            f"The classifier behind FID, IS and KID is right on only {accuracy:.1%} of the test"
            " images: read these columns with care."
        )
    out.append(f"One training per model (seed {seed}): small gaps between rows may be chance.")
    return out


def _against_floor(result: Result, of: dict) -> str:
    fid, floor = result.metric("fid"), of[f"fid_{result.protocol['extractor']}"]
    if fid <= AT_FLOOR * floor:
        return (
            f"{result.model} has the lowest FID, {number(fid)}, and is at the floor of"
            f" {number(floor)}: this measure no longer tells its images from real ones."
        )
    times = f", {number(fid / floor)} times the floor of {number(floor)}" if floor > 0 else ""
    return (
        f"{result.model} has the lowest FID, {number(fid)}{times}"
        " (the floor is what real training images get)."
    )


def _ties(ranked: list[Result]) -> list[str]:
    """Which places are shared."""
    shared: dict[str, list[str]] = {}
    for r, place in zip(ranked, places(ranked), strict=True):
        if place.endswith("="):
            shared.setdefault(place, []).append(r.model)
    return [f"{listed(names)} are tied: their intervals overlap." for names in shared.values()]


def _held(ranked: list[Result]) -> list[str]:
    """Whether other samples of the same models give the same order."""
    key = f"fid_{ranked[0].protocol['extractor']}"
    samples = [r.evaluate["over_seeds"].get(key, []) for r in ranked]
    if len(ranked) < 2 or not samples[0]:
        return []
    orders = {
        tuple(sorted(range(len(ranked)), key=of.__getitem__)) for of in zip(*samples, strict=True)
    }
    n = len(samples[0])
    if len(orders) == 1:
        return [f"All {n} samples of each model give this order."]
    swapped = {i for order in orders for place, i in enumerate(order) if i != place}
    names = listed([ranked[i].model for i in sorted(swapped)])
    return [f"The {n} samples of each model do not agree on the order of {names}."]


def _copies(study: Study) -> list[str]:
    """Models whose images are much nearer to training images than to test images."""
    near = [r for r in study.ranked() if r.metric("nearest_ratio") < COPIES]
    if not near:
        return []
    names = listed([f"{r.model} ({number(r.metric('nearest_ratio'), 2)})" for r in near])
    return [f"Nearer to training images than to test images, perhaps copied: {names}."]


def _coverage(study: Study) -> str:
    k = len(study.classes)
    missing = [
        f"{r.model} ({k - r.evaluate['classes_covered']:.0f} of {k})"
        for r in study.results
        if r.evaluate["classes_covered"] < k
    ]
    if missing:
        return f"Classes are missing or rare among the images of {listed(missing)}."
    return f"Every model generates images of all {k} classes."


def detection(study: Study, part: str, strange: str) -> list[str]:
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


def claim(study: Study, partner: str) -> list[str]:
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


def worth(study: Study, partner: str) -> list[str]:
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


def false_alarms(study: Study, quantile: float) -> list[str]:
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


def hardest_corruption(study: Study) -> list[str]:
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


def sweep(points: list[dict]) -> list[str]:
    """The best and the worst point of one model's grid, and what the step is worth."""
    if len(points) < 2:
        return []
    (key,) = (k for k in points[0] if k.startswith("fid_") and k.count("_") == 1)
    best, worst = (f(points, key=lambda s: s[key]) for f in (min, max))
    where = "latent_dim {latent_dim}, width {width}"
    return [
        f"{best['model']}: lowest FID {number(best[key])} at {where.format(**best)}"
        f" ({best['parameters']:,} parameters), highest {number(worst[key])}"
        f" at {where.format(**worst)} ({worst['parameters']:,} parameters)."
    ]
