"""The report: one page that opens without a server, beside the folders of its own pictures."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import jinja2
import vl_convert
from markupsafe import Markup

from ..params import Params
from ..results.metrics import FID
from ..results.run import DatasetResults
from ..utils.files import atomic_write, readable
from .caveats import caveat
from .chapters.anomaly import anomaly_chapter, ood_chapter
from .chapters.controls import controls_chapter
from .chapters.latent import latent_chapter
from .chapters.ranking import classes_chapter, ranking_chapter, samples_chapter
from .chapters.seeds import seeds_chapter
from .chapters.sweep import sweep_chapter
from .chapters.training import training_chapter
from .chapters.tsne import tsne_chapter
from .formatting import join_words
from .gallery import Gallery
from .glossary import Glossary
from .plots import save_plots
from .tables import Row, Table, make_table
from .vega import CONFIG, assign_colors

TEMPLATES = Path(__file__).parent / "templates"
EXTRACTORS = {
    "inception": "Inception-v3 of 2015",
    "classifier": "a classifier trained here",
    "contrastive": "a network trained here without classes, to tell each image from all others",
}


SHEET = re.compile(r'"sprite":{"src":"(figures/[^"]+)"')


class Chapter(NamedTuple):
    """A part of every dataset's results.

    key : of its place in the page, and of its template
    make : the values of its template; None if there is nothing to show
    """

    key: str
    title: str
    make: Callable[[DatasetResults, Params, Gallery], dict | None]


class RenderedChapter(NamedTuple):
    """A chapter of one dataset as HTML."""

    key: str
    title: str
    content: str


CHAPTERS = (
    Chapter("ranking", "Ranking", ranking_chapter),
    Chapter("seeds", "Several trainings", seeds_chapter),
    Chapter("samples", "Samples", samples_chapter),
    Chapter("classes", "Class coverage and memorization", classes_chapter),
    Chapter("controls", "Controls", controls_chapter),
    Chapter("training", "Training", training_chapter),
    Chapter("latent", "Latent space", latent_chapter),
    Chapter("anomaly", "Anomaly detection", anomaly_chapter),
    Chapter("ood", "Out-of-distribution detection", ood_chapter),
    Chapter("tsne", "Embedding (t-SNE)", tsne_chapter),
    Chapter("sweep", "Sweep", sweep_chapter),
)


def save_report(params: Params, results: list[DatasetResults], folder: Path) -> None:
    """Write index.html, figures/ and plots/ into a folder, each whole or not at all."""
    with (
        atomic_write(folder / "figures") as figures,
        atomic_write(folder / "plots") as plots,
        atomic_write(folder / "index.html") as page,
    ):
        figures.mkdir()
        script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
        (figures / "vega.js").write_text(script, encoding="utf-8")
        text = render_page(params, results, figures)
        if params.report.single_file:
            text = embed_files(text, figures)
        page.write_text(text, encoding="utf-8")
        save_plots(plots, results)


def render_page(params: Params, results: list[DatasetResults], figures: Path) -> str:
    """The whole HTML; its pictures are put into `figures`."""
    environment = template_environment()
    environment.globals["order"] = model_order(params, results)
    environment.globals["colors"] = assign_colors(params.models)
    datasets = [
        {"results": each, "chapters": _render_chapters(environment, params, each, figures)}
        for each in results
    ]
    return environment.get_template("page.html").render(
        params=params,
        models=params.models,
        trained=[model for model in params.models if not params.imported(model)],
        datasets=datasets,
        extractors=EXTRACTORS,
        missing=[name for name in params.datasets if name not in {r.dataset for r in results}],
        overview=_overview(results) if len(results) > 1 else None,
        chart_config=CONFIG,
    )


def model_order(params: Params, results: list[DatasetResults]) -> list[str]:
    """The models, best of the first dataset first; those without results there at the end."""
    ranked = [result.model for result in results[0].ranked()]
    return ranked + [model for model in params.models if model not in ranked]


def load_whole(folder: Path) -> str:
    """The page in a folder of `save_report` as one file to be sent."""
    path = folder / "index.html"
    with readable(path):
        return embed_files(path.read_text(encoding="utf-8"), folder / "figures")


def embed_files(page: str, figures: Path) -> str:
    """The page with all that it shows of `figures` inside; links to full sizes lead nowhere."""

    def data(link: str) -> str:
        path = figures / unquote(link).removeprefix("figures/")
        kind = "svg+xml" if path.suffix == ".svg" else "png"
        return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"

    script = (figures / "vega.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    sheets = {link: data(link) for link in sorted(set(SHEET.findall(page)))}  # each serves many
    inside = f'<script type="application/json" id="sheets">{to_script(sheets)}</script>'
    inside += f"<script>{script}</script>"
    page = re.sub(r'href="figures/[^"]+"', 'href="#"', page)
    page = re.sub(r'<img src="(figures/[^"]+)"', lambda m: f'<img src="{data(m[1])}"', page)
    return page.replace('<script src="figures/vega.js"></script>', inside)


def template_environment() -> jinja2.Environment:
    """The templates of the page: text is escaped, a missing value is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {"glossary": Glossary(), "order": [], "colors": {}}
    environment.filters |= {"join_words": join_words, "json": to_script}
    return environment


def to_script(value) -> Markup:
    """JSON that may stand in a script element: no `<` begins a tag."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _render_chapters(
    environment: jinja2.Environment, params: Params, results: DatasetResults, figures: Path
) -> list[RenderedChapter]:
    """The chapters that have something to show."""
    gallery = Gallery(figures, results.dataset, results.processed.test_x.shape[-1])
    chapters = []
    for chapter in CHAPTERS:
        values = chapter.make(results, params, gallery)
        if values is not None:
            content = environment.get_template(f"{chapter.key}.html").render(values)
            chapters.append(RenderedChapter(chapter.key, chapter.title, content))
    return chapters


def _overview(results: list[DatasetResults]) -> Table:
    """Every model's FID on every dataset."""
    metrics = [
        FID._replace(
            key=each.dataset,
            label=each.dataset,
            note=None,
            caveat=caveat(FID, each.reference),
        )
        for each in results
    ]
    values: dict[str, dict] = {}
    for each in results:
        for model in each.models:
            values.setdefault(model.model, {})[each.dataset] = model.mean(FID)
        for failure in each.failures:
            values.setdefault(failure.name, {})
    rows = [Row(model, fids) for model, fids in values.items()]
    return make_table(metrics, rows, first="model")
