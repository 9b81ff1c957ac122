"""The report's chapters that show pictures: samples, latents, maps, sweep."""

import numpy as np

from .. import images
from ..params import Params
from . import figures, findings
from .curves import maps
from .gallery import Gallery, legend, row
from .markup import Html, join, number, sentences, tag
from .summary import Result, Study, judged_by

COLUMNS = 10
LATENTS = {
    "reconstructions": "Odd rows: test images. Even rows: their reconstructions.",
    "interpolation_lerp": "lerp: each row follows the straight line between {ends}.",
    "interpolation_slerp": "slerp: the same ends on the arc, which keeps the latents' length.",
    "traversals": (
        "Each row changes one latent of a test image from low to high, in equal steps;"
        " the latents that vary most over the test images come first."
    ),
}
NEIGHBOURS = (
    "Below each: how many of the nearest neighbours of generated images, in feature space, are"
    " real; 50% where the two cannot be told apart, 0% where they lie apart."
)


def samples(study: Study, p: Params, gallery: Gallery) -> Html:
    """Generated images beside real ones."""
    (x,) = images.load_npz(study.data, "test_x")
    some = np.linspace(0, len(x) - 1, min(len(x), COLUMNS**2)).astype(int)
    pictures = [gallery.grid(x[some], COLUMNS, "real.png", tag("b", "real test images"))]
    for r in study.ranked():
        about = f" FID {number(r.metric('fid'))}"
        about += ", averaged weights" if r.train.get("ema") else ""
        about += ", classes in turn" if "label_accuracy" in r.evaluate else ""
        caption = join(tag("b", r.model), about)
        pictures.append(gallery.copy(r.pictures / "grid.png", f"{r.model}/grid.png", caption))
    return join(tag("p", "Not picked: the first images of each model's sample."), row(pictures))


def latents(study: Study, p: Params, gallery: Gallery) -> Html:
    """Reconstructions, interpolations, traversals: what a model has of these."""
    parts = []
    for r in study.ranked():
        ends = "the codes of two test images" if r.codes else "two random latents"
        parts += [
            tag("h4", r.model),
            row(
                [
                    gallery.copy(path, f"{r.model}/{name}.png", caption.format(ends=ends))
                    for name, caption in LATENTS.items()
                    if (path := r.pictures / f"{name}.png").exists()
                ]
            ),
        ]
    return join(*parts)


def tsne(study: Study, p: Params, gallery: Gallery) -> Html:
    """Codes of each VAE by class; real against generated features."""
    own = np.array(figures.palette(len(study.classes)))
    by_class, by_origin = [], []
    for name, xy, y, groups in maps(study):
        real = groups == "real"
        layers, caption = [(xy[real], own[y[real]])], _of_map(study, name)
        by_class.append(gallery.chart(figures.points, f"tsne-{name}.png", layers, caption=caption))
        if name == "features":
            by_origin = [_of_origin(study, r, gallery, xy, groups) for r in study.ranked()]
    return join(
        tag("p", "Nearness means something in these maps; distance between groups does not."),
        row(by_class),
        legend(study.classes, list(own)),
        tag("h4", "Real and generated images in one map of the classifier's features"),
        tag("p", NEIGHBOURS),
        row(by_origin),
    )


def _of_origin(
    study: Study, r: Result, gallery: Gallery, xy: np.ndarray, groups: np.ndarray
) -> Html:
    share = study.features["real_neighbours"][r.model]
    fake = (xy[groups == r.model], figures.colours(study.models)[r.model])
    return gallery.chart(
        *(figures.points, f"{r.model}/tsne-features.png"),
        [(xy[groups == "real"], figures.GREY), fake],
        caption=join(tag("b", r.model), f": {share:.1%} of the neighbours are real (grey)"),
    )


def _of_map(study: Study, name: str) -> Html:
    if name == "features":
        what, numbers = "classifier's features of real test images", study.features
        said = {"trustworthiness of the whole map": "trustworthiness", "n": "n"}
    else:
        what = f"{name}: codes of test images"
        numbers = next(r.codes for r in study.results if r.model == name)
        said = {"kNN accuracy": "knn_accuracy", "in the map": "knn_accuracy_map"}
        said |= {k: k for k in ("silhouette", "trustworthiness", "n")}
    return join(
        tag("b", what), ". ", ", ".join(f"{k} {number(numbers[v])}" for k, v in said.items())
    )


def sweep(study: Study, p: Params, gallery: Gallery) -> Html | None:
    """Quality and loss over latent_dim x width, per model."""
    parts = []
    for model in p.sweep.models:
        points = [s for s in study.sweep if s["model"] == model]
        if points:
            kept = (f"fid_{study.extractor}", *judged_by(points[0]["final"]))
            charts = [_heat_map(p, model, points, k, gallery) for k in kept]
            parts += [sentences(findings.sweep(points)), row(charts)]
    seen = f"Each point is a training of its own, with {p.sweep.images:,} images."
    return join(tag("p", seen), *parts) if parts else None


def _heat_map(p: Params, model: str, points: list[dict], key: str, gallery: Gallery) -> Html:
    values = np.full((len(p.sweep.latent_dim), len(p.sweep.width)), np.nan)
    for s in points:
        at = p.sweep.latent_dim.index(s["latent_dim"]), p.sweep.width.index(s["width"])
        values[at] = s[key] if key in s else s["final"][key]
    names = {"value": key, "rows": "latent_dim", "columns": "width"}
    return gallery.chart(
        *(figures.heat_map, f"{model}/sweep-{key.replace('/', '-')}.svg", values),
        *(p.sweep.latent_dim, p.sweep.width, names),
        caption=f"{model}: {key}{', lower is better' if key.startswith('fid_') else ''}",
    )
