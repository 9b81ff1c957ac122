"""The report's chapters that compare models by numbers: ranking, anomalies, other datasets."""

from ..params import Params
from . import curves, figures, findings
from .gallery import Gallery, row
from .markup import Column, Html, join, table, tag
from .summary import Result, Study

FID_NOTE = (
    "Fréchet distance between the classifier's features of real test images and of generated"
    " ones; 0 for equal sets. It depends on extractor and n: compare inside this table only."
)
KID_NOTE = "Squared kernel distance of the same features; unbiased, so near 0 for equal sets."
IS_NOTE = "Inception score from the classifier: sure of each image, and all classes equally often."
ABOVE_NOTE = "An image that scores above it is called an anomaly."
AUROC_NOTE = "Chance that a strange image scores above a normal one: 1 perfect, 0.5 guessing."
PRECISION_NOTE = (
    "Share of generated images that lie among the real ones: within the distance of a real"
    " image's third neighbour, in the same features."
)
RECALL_NOTE = "Share of real images that lie among the generated ones, by the same rule."
ELBO_NOTE = (
    "Upper bound of -log p(x) of test images in nats per image (VAEs). Compare equal likelihoods"
    " only: densities of colour pixels may fall below 0."
)
LABEL_NOTE = (
    "Share of generated images that the classifier takes for the class they were asked to be"
    " (conditional models)."
)
COVERED_NOTE = "Classes that get at least a tenth of their share of the generated images."
KNN_NOTE = "Share of test images whose class their neighbours in latent space tell (VAEs)."
MAIN_NOTE = (
    "Of the model's main score: corrupted against intact test images; in the next columns, other"
    " datasets against test images. 1 perfect, 0.5 guessing, below it (marked) reversed."
)
EDGES = "In the histograms, the outermost bars hold all that lies beyond them."


def _rate(key: str, head: str, note: str | None = None, *, better: str = "higher", **options):
    return Column(key, head, better, note, places=3, **options)


QUALITY = [
    Column("fid_classifier", "FID", "lower", FID_NOTE),
    Column("is_classifier", "IS", "higher", IS_NOTE),
    Column("kid_classifier", "KID", "lower", KID_NOTE),
    Column("precision", "precision", "higher", PRECISION_NOTE, places=3),
    Column("recall", "recall", "higher", RECALL_NOTE, places=3),
    Column("classes_covered", "classes", "higher", COVERED_NOTE),
    Column("label_accuracy", "labels", "higher", LABEL_NOTE, places=3),
    Column("negative_elbo", "\N{MINUS SIGN}ELBO", "lower", ELBO_NOTE),
]
RATES = [
    _rate("auroc", "AUROC", AUROC_NOTE, chance=0.5),
    _rate("aupr", "AUPR", "Average precision, the other dataset being the positive."),
    _rate("fpr95", "FPR95", "False alarms when 95% of the others are found.", better="lower"),
    Column("n_in", "n test"),
    Column("n_out", "n other"),
]
DECISIONS = [
    _rate("auroc", "AUROC", AUROC_NOTE, chance=0.5),
    _rate("average_precision", "AP", "Average precision: area under precision-recall."),
    Column("threshold", "threshold", note=ABOVE_NOTE, places="value"),
    Column("tp", "TP", note="Corrupted images found (FN: missed; FP: false alarms; TN: intact)."),
    Column("fp", "FP"),
    Column("tn", "TN"),
    Column("fn", "FN"),
    _rate("precision", "precision", "Share of the alarms that are right."),
    _rate("recall", "recall", "Share of the corrupted images that are found."),
    _rate("f1", "F1", "Harmonic mean of precision and recall."),
]


def colours(study: Study) -> dict[str, str]:
    """Each model has the same colour in every chart."""
    names = [r.model for r in study.results]
    return dict(zip(names, figures.palette(len(names)), strict=True))


def sentences(lines: list[str]) -> Html:
    """What was found, as a list."""
    return tag("ul", [tag("li", line) for line in lines], class_="findings")


def ranking(study: Study, p: Params, gallery: Gallery) -> Html:
    """All models by FID, under what real images reach."""
    columns = [
        *QUALITY,
        _rate("anomaly", "anomaly AUROC", MAIN_NOTE, chance=0.5),
        *(_rate(f"ood {q}", f"{q} AUROC", chance=0.5) for q in study.partners),
        _rate("knn", "kNN", KNN_NOTE),
        Column("parameters", "parameters", note="Weights of all the model's networks."),
    ]
    real = study.ranked()[0].evaluate
    floor = {
        "name": "real images (floor)",
        "fid_classifier": real["fid_classifier_floor"],
        "is_classifier": real.get("is_classifier_real"),
        "kid_classifier": real.get("kid_classifier_floor"),
        "classes_covered": len(study.classes),
    }
    rows = [_ranked_row(r, study.partners) for r in study.ranked()]
    return join(
        sentences(findings.ranking(study, p.seed)),
        table(columns, rows, first="model", above=[floor]),
    )


def _ranked_row(r: Result, partners: list[str]) -> dict:
    row = {"name": r.model, **r.evaluate, "anomaly": r.score("anomaly").get("auroc")}
    row |= {f"ood {partner}": r.score(partner).get("auroc") for partner in partners}
    return {**row, "knn": r.codes.get("knn_accuracy"), "parameters": r.train["parameters"]}


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
    kinds = [_rate(f"auroc_{k}", k.replace("_", " "), chance=0.5) for k in p.anomaly.corruptions]
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
    return gallery.chart(figures.roc, name, rates, colours(study), caption=caption)
