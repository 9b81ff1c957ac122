"""The report's chapters on telling images apart: anomalies, other datasets."""

from ..params import Params
from . import curves, figures, findings
from .gallery import Gallery, row
from .markup import Column, Html, join, rate, sentences, table, tag
from .summary import Result, Study

ABOVE_NOTE = "An image that scores above it is called an anomaly."
AUROC_NOTE = "Chance that a strange image scores above a normal one: 1 perfect, 0.5 guessing."
EDGES = "In the histograms, the outermost bars hold all that lies beyond them."


RATES = [
    rate("auroc", "AUROC", AUROC_NOTE, chance=0.5),
    rate("aupr", "AUPR", "Average precision, the other dataset being the positive."),
    rate("fpr95", "FPR95", "False alarms when 95% of the others are found.", better="lower"),
    Column("n_in", "n test"),
    Column("n_out", "n other"),
]
DECISIONS = [
    rate("auroc", "AUROC", AUROC_NOTE, chance=0.5),
    rate("average_precision", "AP", "Average precision: area under precision-recall."),
    Column("threshold", "threshold", note=ABOVE_NOTE, places="value"),
    Column("tp", "TP", note="Corrupted images found (FN: missed; FP: false alarms; TN: intact)."),
    Column("fp", "FP"),
    Column("tn", "TN"),
    Column("fn", "FN"),
    rate("precision", "precision", "Share of the alarms that are right."),
    rate("recall", "recall", "Share of the corrupted images that are found."),
    rate("f1", "F1", "Harmonic mean of precision and recall."),
]


def _score_rows(results: list[Result], of) -> list[dict]:
    """A row per model and score, the model's main score first."""
    rows = []
    for r in results:
        for name, numbers in sorted(of(r).items(), key=lambda item: item[0] != r.main_score):
            label = join(r.model, " ", tag("small", name.replace("_", " ")))
            rows.append({"name": label, **numbers})
    return rows


def anomaly(study: Study, p: Params, gallery: Gallery) -> Html:
    """Corrupted test images among intact ones: decisions, rates, histograms, ROC."""
    results = [r for r in study.ranked() if r.main_score]
    kinds = [rate(f"auroc_{k}", k.replace("_", " "), chance=0.5) for k in p.anomaly.corruptions]
    corrupted = [{"name": r.model, **r.score("anomaly")} for r in results]
    lines = findings.detection(study, "anomaly", "corrupted images")
    lines += findings.hardest_corruption(study) + findings.false_alarms(study, p.anomaly.quantile)
    if not results:
        return sentences(lines)
    return join(
        sentences(lines),
        table(DECISIONS, _score_rows(results, lambda r: r.anomaly), first="model and score"),
        tag("h4", "AUROC of the main score by corruption"),
        table(kinds, corrupted, first="model"),
        tag("h4", "Main scores of test images and of corrupted ones"),
        tag("p", EDGES),
        row(
            [
                _roc(study, gallery, "corrupted", "All corruptions together."),
                *(_histogram(r, gallery, ["corrupted"]) for r in results),
            ]
        ),
    )


def ood(study: Study, p: Params, gallery: Gallery) -> Html | None:
    """Images of other datasets: rates per score, ROC, histograms."""
    results = [r for r in study.ranked() if r.main_score]
    if not (study.partners and results):
        return None
    parts = []
    for partner in study.partners:
        rows = _score_rows(results, lambda r, partner=partner: r.ood.get(partner, {}))
        last = partner == study.partners[-1]
        parts += [
            tag("h4", f"{study.dataset} against {partner}"),
            sentences(findings.detection(study, partner, f"images of {partner}")),
            table(RATES, rows, first="model and score", explain=last),
        ]
    rocs = [_roc(study, gallery, f"ood-{q}", f"Against {q}.") for q in study.partners]
    others = [f"ood-{q}" for q in study.partners]
    histograms = [_histogram(r, gallery, others) for r in results]
    title = tag("h4", "Main scores of test images and of other datasets")
    return join(*parts, title, tag("p", EDGES), row(rocs), row(histograms))


def _histogram(r: Result, gallery: Gallery, others: list[str]) -> Html:
    sets = curves.scores(r)
    shown = {name.removeprefix("ood-"): sets[name] for name in ("test", *others) if name in sets}
    return gallery.chart(
        figures.histograms,
        f"{r.model}/scores-{'anomaly' if others == ['corrupted'] else 'ood'}.svg",
        shown,
        r.main_score.replace("_", " "),
        threshold=r.score("anomaly").get("threshold"),
        caption=tag("b", r.model),
    )


def _roc(study: Study, gallery: Gallery, against: str, caption: str) -> Html:
    rates = {r.model: curves.rates(r, against) for r in study.ranked()}
    rates = {model: curve for model, curve in rates.items() if curve}
    name = f"roc-{against}.svg"
    return gallery.chart(figures.roc, name, rates, figures.colours(study.models), caption=caption)
