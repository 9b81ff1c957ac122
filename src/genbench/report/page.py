"""The report: one page that opens without a server, in the folder of its own pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..params import Params
from ..utils import files
from ..utils.files import atomic_write
from . import anomaly, tsne
from .curves import save as save_plots
from .findings.quality import listed
from .gallery import Gallery
from .html import Column, Html, table, tag
from .latent import latent_chapter
from .quality import classes_chapter, ranking_chapter, samples_chapter
from .results import DatasetResults, flat
from .sweep import sweep_chapter
from .training import training_chapter

TITLE = "genbench: image generative models compared"
HERE = Path(__file__).parent


class Chapter(NamedTuple):
    key: str
    title: str
    make: Callable[[DatasetResults, Params, Gallery], Html | None]


CHAPTERS = (
    Chapter("ranking", "Ranking", ranking_chapter),
    Chapter("samples", "Samples", samples_chapter),
    Chapter("classes", "Classes and copies", classes_chapter),
    Chapter("training", "Training", training_chapter),
    Chapter("latents", "Latent space", latent_chapter),
    Chapter("anomaly", "Anomaly detection", anomaly.anomaly_chapter),
    Chapter("ood", "Other datasets", anomaly.ood_chapter),
    Chapter("tsne", "Maps (t-SNE)", tsne.tsne_chapter),
    Chapter("sweep", "Sweep", sweep_chapter),
)


def save_report(p: Params, studies: list[DatasetResults], summary: Path, folder: Path) -> None:
    """Write the summary and the report's folder: index.html, figures/, plots/."""
    with atomic_write(folder) as new:
        new.mkdir()
        (new / "index.html").write_text(render_page(p, studies, new), encoding="utf-8")
        save_plots(new / "plots", studies)
        files.save_json(summary, flat(studies))


def render_page(p: Params, studies: list[DatasetResults], folder: Path) -> str:
    """The whole HTML; its pictures are put into `folder`."""
    made = {study.dataset: _chapters(p, study, folder) for study in studies}
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", TITLE),
        tag("style", Html((HERE / "report.css").read_text(encoding="utf-8"))),
    )
    body = (
        _header(p, studies),
        tag("nav", [_contents(dataset, made[dataset]) for dataset in made], aria_label="contents"),
        _overview(studies) if len(studies) > 1 else None,
        tag("main", [_dataset(study, made[study.dataset]) for study in studies]),
        tag("script", Html((HERE / "report.js").read_text(encoding="utf-8"))),
    )
    return "<!doctype html>\n" + tag("html", tag("head", head), tag("body", body), lang="en") + "\n"


def _chapters(p: Params, study: DatasetResults, folder: Path) -> dict[Chapter, Html]:
    """The chapters that have something to show."""
    (x,) = files.load_npz(study.data, "test_x")
    gallery = Gallery(folder, study.dataset, x.shape[-1])
    made = {chapter: chapter.make(study, p, gallery) for chapter in CHAPTERS}
    return {chapter: content for chapter, content in made.items() if content}


def _header(p: Params, studies: list[DatasetResults]) -> Html:
    many = len(p.models) > 1
    what = (
        f"{listed(p.models)} on {listed(p.datasets)}:"
        f" {'each ' if many else ''}trained with the same budget and judged by one protocol."
    )
    protocol = {
        "budget": f"{p.train.images:,} images seen per model, in batches of {p.train.batch_size}",
        "size": f"latent_dim {p.model.latent_dim}, width {p.model.width}",
        "seed": p.seed,
        **{f"extractor of {s.dataset}": _judged(s) for s in studies},
    }
    terms = [(tag("dt", k), tag("dd", str(v))) for k, v in protocol.items()]
    return tag("header", tag("h1", "genbench"), tag("p", what), tag("dl", terms, class_="protocol"))


def _judged(study: DatasetResults) -> str:
    card, n = study.reference["protocol"], study.ranked()[0].evaluate
    what = {"inception": "Inception-v3 of 2015"}.get(study.extractor, "a classifier trained here")
    return (
        f"features of {what} (sha256 {card['extractor_sha256'][:8]}), resize: {card['resize']};"
        f" {n['n_real']:,} real test images, {n['n_fake']:,} generated per model, seed"
        f" {card['seed']}. The classifier is right on {study.classifier['test_accuracy']:.2%} of"
        " the test images"
    )


def _contents(dataset: str, made: dict[Chapter, Html]) -> Html:
    links = [tag("a", c.title, href=f"#{dataset}-{c.key}") for c in made]
    return tag("p", tag("a", tag("b", dataset), href=f"#{dataset}"), " ", links)


def _overview(studies: list[DatasetResults]) -> Html:
    """Every model's FID on every dataset."""
    columns = [Column(s.dataset, s.dataset, "lower") for s in studies]
    rows: dict[str, dict] = {}
    for study in studies:
        for r in study.results:
            row = rows.setdefault(r.model, {"name": r.model})
            row[study.dataset] = r.metric("fid")
    title = tag("h2", "All datasets: FID")
    return tag("section", title, table(columns, list(rows.values()), first="model"))


def _dataset(study: DatasetResults, made: dict[Chapter, Html]) -> Html:
    parts = [
        tag("section", tag("h3", c.title), content, id=f"{study.dataset}-{c.key}")
        for c, content in made.items()
    ]
    train, val, test, x = files.load_npz(study.data, "train_y", "val_y", "test_y", "test_x")
    shape = " x ".join(map(str, x.shape[1:]))
    about = (
        f"{len(train):,} training, {len(val):,} validation and {len(test):,} test images of"
        f" {shape} (channels, height, width) in {len(study.classes)} classes."
    )
    return tag("article", tag("h2", study.dataset), tag("p", about), parts, id=study.dataset)
