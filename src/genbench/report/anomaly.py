"""The report's chapters on telling images apart: anomalies, other datasets."""

import numpy as np

from ..params import Params
from ..utils import files
from . import charts, curves
from .findings import anomaly
from .gallery import Gallery, row
from .html import Column, Html, join, rate, sentences, table, tag
from .results import DatasetResults, Result

ABOVE_NOTE = "An image that scores above it is called an anomaly."
AUROC_NOTE = (
    "Chance that a strange image scores above a normal one: 1 perfect, 0.5 guessing. Small: 95%"
    " interval (DeLong)."
)
EDGES = "In the histograms, the outermost bars hold all that lies beyond them."
BASELINES = (
    "Above: scores that know nothing of generative models; a detector is worth what it adds to"
    " these. The score in each model's first row is its main score."
)
RATES = [
    rate("auroc", "AUROC", AUROC_NOTE, chance=0.5),
    rate("aupr", "AP", "Average precision, the strange images being the positives."),
    rate("aupr_normal", "AP normal", "The same, the normal images being the positives."),
    rate("fpr95", "FPR95", "False alarms when 95% of the strange are found.", better="lower"),
]
OTHERS = [
    *RATES,
    Column("mean_in", "mean test", note="Mean score of test images; small: +- a standard error."),
    Column("mean_out", "mean other", note="Mean score of the other images, likewise."),
    Column(
        "effect",
        "effect",
        "",
        "Cohen's d: by how many standard deviations the others score higher.",
        places=2,
    ),
    Column("n_in", "n test"),
    Column("n_out", "n other"),
]
DECISIONS = [
    *RATES,
    Column("threshold", "threshold", note=ABOVE_NOTE, places="value"),
    Column("tp", "TP", note="Corrupted images found (FN: missed; FP: false alarms; TN: intact)."),
    Column("fp", "FP"),
    Column("tn", "TN"),
    Column("fn", "FN"),
    rate("precision", "precision", "Share of the alarms that are right."),
    rate("recall", "recall", "Share of the corrupted images that are found."),
    rate("f1", "F1", "Harmonic mean of precision and recall."),
]


def _rows(results: list[Result], of) -> list[dict]:
    """A row per model and score, the model's main score first."""
    rows = []
    for r in results:
        for name, numbers in sorted(of(r).items(), key=lambda item: item[0] != r.main_score):
            rows.append(_row(join(r.model, " ", tag("small", name.replace("_", " "))), numbers))
    return rows


def _baselines(study: DatasetResults, part: str) -> list[dict]:
    of = study.baselines["anomaly"] if part == "anomaly" else study.baselines["ood"][part]
    return [_row(name.replace("_", " "), numbers) for name, numbers in of.items()]


def _row(name: str, numbers: dict) -> dict:
    sure = {"auroc": [numbers["auroc_low"], numbers["auroc_high"]]}
    for part in ("in", "out"):
        if (mean := numbers.get(f"mean_{part}")) is not None:
            error = numbers[f"sem_{part}"]
            sure[f"mean_{part}"] = [mean - error, mean + error]
    return {"name": name, **numbers, "intervals": sure}


def anomaly_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html:
    """Corrupted test images among intact ones: decisions, rates, histograms, curves, pictures."""
    results = [r for r in study.ranked() if r.main_score]
    kinds = p.anomaly.damages
    columns = [rate(k, f"{k.replace('_', ' ')} {v:g}", chance=0.5) for k, v in kinds.items()]
    by_kind = [
        {"name": r.model} | {k: v[r.main_score]["auroc"] for k, v in r.kinds.items()}
        for r in results
    ]
    lines = anomaly.detection(study, "anomaly", "corrupted images")
    lines += anomaly.hardest_corruption(study) + anomaly.false_alarms(study, p.anomaly.quantile)
    if not results:
        return sentences(lines)
    rows = _rows(results, lambda r: r.anomaly)
    return join(
        sentences(lines),
        tag("p", BASELINES),
        table(DECISIONS, rows, first="model and score", above=_baselines(study, "anomaly")),
        tag("h4", "AUROC of the main score by corruption, with its severity"),
        table(columns, by_kind, first="model"),
        tag("h4", "Main scores of test images and of corrupted ones"),
        tag("p", EDGES),
        row(_curves(study, gallery, "corrupted", "All corruptions together.")),
        row([_histogram(r, gallery, ["corrupted"]) for r in results]),
        row([_confusion(r, gallery) for r in results]),
        tag("h4", "The least and the most anomalous images by the main score"),
        tag("p", _legend(study, p)),
        row(
            [
                gallery.copy(r.extremes, f"{r.model}/extremes.png", tag("b", r.model))
                for r in results
            ]
        ),
    )


def _legend(study: DatasetResults, p: Params) -> str:
    damages = ", ".join(kind.replace("_", " ") for kind in p.anomaly.damages)
    names = f"test; corrupted by {damages}"
    if study.partners:
        names += f"; images of {', '.join(study.partners)}"
    return (
        f"Two rows for each set, its least strange images above its strangest; in order: {names}."
    )


def _confusion(r: Result, gallery: Gallery) -> Html:
    n = r.score("anomaly")
    counts = np.array([[n["tn"], n["fp"]], [n["fn"], n["tp"]]], float)
    names = {"value": "images", "rows": "", "columns": "by the threshold"}
    return gallery.chart(
        charts.heat_map,
        f"{r.model}/confusion.svg",
        counts,
        ["intact", "corrupted"],
        ["normal", "anomaly"],
        names,
        caption=tag("b", r.model),
    )


def ood_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html | None:
    """Images of other datasets: rates per score, verdicts, curves, histograms."""
    results = [r for r in study.ranked() if r.main_score]
    if not (study.partners and results):
        return None
    parts = []
    for partner in study.partners:
        rows = _rows(results, lambda r, partner=partner: r.ood.get(partner, {}))
        (how,) = files.load_npz(study.data, f"ood_{partner}_preprocessing")
        lines = anomaly.detection(study, partner, f"images of {partner}")
        lines += anomaly.claim(study, partner) + anomaly.worth(study, partner)
        last = partner == study.partners[-1]
        parts += [
            tag("h4", f"{study.dataset} against {partner}"),
            tag("p", f"{partner}: {how}."),
            sentences(lines),
            table(
                OTHERS,
                rows,
                first="model and score",
                above=_baselines(study, partner),
                explain=last,
            ),
        ]
    drawn = [
        c for q in study.partners for c in _curves(study, gallery, f"ood-{q}", f"Against {q}.")
    ]
    others = [f"ood-{q}" for q in study.partners]
    histograms = [_histogram(r, gallery, others) for r in results]
    title = tag("h4", "Main scores of test images and of other datasets")
    return join(*parts, title, tag("p", EDGES), row(drawn), row(histograms))


def _histogram(r: Result, gallery: Gallery, others: list[str]) -> Html:
    sets = curves.scores(r)
    shown = {name.removeprefix("ood-"): sets[name] for name in ("test", *others) if name in sets}
    return gallery.chart(
        charts.histograms,
        f"{r.model}/scores-{'anomaly' if others == ['corrupted'] else 'ood'}.svg",
        shown,
        r.main_score.replace("_", " "),
        threshold=r.score("anomaly").get("threshold"),
        caption=tag("b", r.model),
    )


def _curves(study: DatasetResults, gallery: Gallery, against: str, caption: str) -> list[Html]:
    """ROC and precision-recall curves of all models' main scores."""
    drawn = []
    for kind in (curves.roc, curves.precision_recall):
        lines = {r.model: curves.of_main(r, against, kind) for r in study.ranked()}
        lines = {model: line for model, line in lines.items() if line}
        name = f"{kind.__name__}-{against}.svg"
        colours = charts.colours(study.models)
        drawn.append(
            gallery.chart(getattr(charts, kind.__name__), name, lines, colours, caption=caption)
        )
    return drawn
