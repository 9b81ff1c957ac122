"""The report's chapters on the quality of generated images: ranking, classes, copies."""

import numpy as np

from ..params import Params
from ..utils import files
from .findings import quality
from .gallery import Gallery, row
from .html import Column, Html, join, number, rate, sentences, table, tag
from .results import DatasetResults, Result, tied_ranks

COLUMNS = 10


def samples_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html:
    """Generated images beside real ones."""
    (x,) = files.load_npz(study.data, "test_x")
    some = np.linspace(0, len(x) - 1, min(len(x), COLUMNS**2)).astype(int)
    pictures = [gallery.grid(x[some], COLUMNS, "real.png", tag("b", "real test images"))]
    for r in study.ranked():
        about = f" FID {number(r.metric('fid'))}"
        about += ", averaged weights" if r.train.get("ema") else ""
        about += ", classes in turn" if "label_accuracy" in r.evaluate else ""
        caption = join(tag("b", r.model), about)
        pictures.append(gallery.copy(r.grid, f"{r.model}/grid.png", caption))
    return join(tag("p", "Not picked: the first images of each model's sample."), row(pictures))


QUALITY = {
    "fid": Column(
        "fid",
        "FID",
        "lower",
        "Fréchet distance between features of real test images and of generated ones; 0 for equal"
        " sets. It depends on extractor and n: compare inside this table only.",
    ),
    "fid_infinity": Column(
        "fid_infinity",
        "FID∞",
        "lower",
        "FID extrapolated to infinitely many images; with few images it may fall below 0.",
    ),
    "is": Column(
        "is",
        "IS",
        "higher",
        "Inception score: sure of each image, and all classes equally often.",
    ),
    "kid": Column(
        "kid",
        "KID",
        "lower",
        "Squared kernel distance of the same features; unbiased, so near 0 for equal sets.",
    ),
    "precision": rate(
        "precision",
        "precision",
        "Share of generated images that lie among the real ones: within the distance of a real"
        " image's third neighbour.",
    ),
    "recall": rate(
        "recall", "recall", "Share of real images that lie among the generated ones, likewise."
    ),
    "density": rate(
        "density",
        "density",
        "In how many real images' balls of five neighbours a generated image is, over five; about"
        " 1 for real ones.",
    ),
    "coverage": rate(
        "coverage",
        "coverage",
        "Share of real images with a generated one inside their ball of five neighbours.",
    ),
}
REST = [
    Column(
        "classes_covered",
        "classes",
        "higher",
        "Classes that get at least a tenth of their share of the generated images.",
    ),
    rate(
        "class_entropy",
        "entropy",
        "Of the classes of generated images, in nats; the logarithm of the number of classes if all"
        " are equally frequent.",
    ),
    rate(
        "label_accuracy",
        "labels",
        "Share of generated images that the classifier takes for the class they were asked to be"
        " (conditional models).",
    ),
    rate(
        "nearest_ratio",
        "train : test",
        "Mean distance to the nearest training image over that to the nearest of as many test"
        " images: about 1, and far below it if training images are copied.",
        better="",
    ),
    rate(
        "duplicates",
        "duplicates",
        "Share of generated images with a near-duplicate among them; 0.01 of the real ones have"
        " one. The number of images over this share estimates how many different ones the model"
        " can make (birthday paradox).",
        better="lower",
    ),
    Column(
        "negative_elbo",
        "\N{MINUS SIGN}ELBO",
        "lower",
        "Upper bound of -log p(x) of test images in nats per image (VAEs). Compare equal"
        " likelihoods only: densities of colour pixels may fall below 0.",
    ),
]
MAIN_NOTE = (
    "Of the model's main score: corrupted against intact test images; in the next columns, other"
    " datasets against test images. 1 perfect, 0.5 guessing, below it (marked) reversed."
)
KNN_NOTE = "Share of test images whose class their neighbours in latent space tell (VAEs)."
INTERVAL_NOTE = (
    "Small: where 95% of such numbers would lie for other images, as many (bootstrap). Models"
    " whose intervals of the FID overlap share a place. The floor is what real training images"
    " get, the ceiling what noise gets."
)
MAX_CLASSES = 20
"""With more classes than this, a table of them would be no help."""


def ranking_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html:
    """All models by FID between floor and ceiling, a table for each protocol; then the rest."""
    heads = {"floor": "real images (floor)", "ceiling": "noise (ceiling)"}
    above = [_quality(study.reference[k], study.extractor) | {"name": v} for k, v in heads.items()]
    tables = []
    for group in study.groups():
        extractor = group[0].protocol["extractor"]
        rows = [
            _quality(r.evaluate, extractor) | {"name": join(tag("small", place, " "), r.model)}
            for r, place in zip(group, tied_ranks(group), strict=True)
        ]
        known = above if extractor == study.extractor else []
        tables += [
            tag("p", _card(group[0])),
            table(list(QUALITY.values()), rows, first="model", above=known),
        ]
    columns = [
        *REST,
        rate("anomaly", "anomaly AUROC", MAIN_NOTE, chance=0.5),
        *(rate(f"ood {q}", f"{q} AUROC", chance=0.5) for q in study.partners),
        rate("knn", "kNN", KNN_NOTE),
        Column("parameters", "parameters", note="Weights of all the model's networks."),
    ]
    rows = [_rest(r, study.partners) for r in study.ranked()]
    lines = sentences(quality.ranking(study, p.seed))
    return join(lines, *tables, tag("p", INTERVAL_NOTE), table(columns, rows, first="model"))


def _quality(numbers: dict, extractor: str) -> dict:
    keys = {name: f"{name}_{extractor}" for name in QUALITY}
    found = {name: numbers[key] for name, key in keys.items()}
    sure = {name: ends for name, key in keys.items() if (ends := numbers["intervals"].get(key))}
    return found | {"intervals": sure}


def _card(r: Result) -> str:
    """The protocol in one line."""
    card = r.protocol
    return (
        f"Protocol: {card['extractor']} ({card['extractor_sha256'][:8]}), resize {card['resize']},"
        f" {card['n']:,} {card['split']} and {r.evaluate['n_fake']:,} generated images, seed"
        f" {card['seed']}, {card['weights']} weights of the {card['checkpoint']} step."
    )


def _rest(r: Result, partners: list[str]) -> dict:
    row = {"name": r.model, **r.evaluate, "anomaly": r.score("anomaly").get("auroc")}
    row |= {name: r.metric(name) for name in ("nearest_ratio", "duplicates")}
    row["intervals"] = {k: v for k, v in r.evaluate["intervals"].items() if k in row}
    row["intervals"] |= {name: r.interval(name) for name in ("nearest_ratio", "duplicates")}
    row |= {f"ood {partner}": r.score(partner).get("auroc") for partner in partners}
    return {**row, "knn": r.codes.get("knn_accuracy"), "parameters": r.train["parameters"]}


def classes_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html:
    """Which classes the images are of, and the training images nearest to them."""
    ranked, tables = study.ranked(), []
    if len(study.classes) <= MAX_CLASSES:
        for kind, title in (
            ("share", "Share of the generated images by class"),
            ("precision", "Precision by class"),
        ):
            columns = [rate(name, name, better="") for name in study.classes]
            rows = [
                {"name": r.model} | {k: v[kind] for k, v in r.evaluate["classes"].items()}
                for r in ranked
            ]
            tables += [tag("h4", title), table(columns, rows, first="model")]
    said = "Classes as the dataset's classifier sees them. A dash: no image."
    shown = (
        "Generated images (odd rows) above the training images nearest to them in the classifier's"
        " features (even rows). First pair of rows: the first images of the sample; then those"
        " nearest to a training image."
    )
    pictures = [
        gallery.copy(
            r.nearest,
            f"{r.model}/nearest.png",
            join(tag("b", r.model), f" train : test {number(r.metric('nearest_ratio'), 2)}"),
        )
        for r in ranked
    ]
    near = tag("h4", "Nearest training images"), tag("p", shown), row(pictures)
    return join(tag("p", said) if tables else None, *tables, *near)
