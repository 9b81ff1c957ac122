"""The report's chapters that show pictures: samples and maps."""

import numpy as np

from .. import images
from ..params import Params
from . import figures
from .curves import maps
from .gallery import Gallery, legend, row
from .markup import Html, join, number, tag
from .summary import Result, Study

COLUMNS = 10
ABOUT_MAPS = (
    "Nearness means something in these maps; distance between groups does not. kNN accuracy: how"
    " many points have the class of their neighbours, in the space and in the map. Trustworthiness:"
    " 1 if neighbours in the map are neighbours in the space. Stability: the share of neighbours"
    " that a second map, from a random start, shows as well."
)
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
        pictures.append(gallery.copy(r.grid, f"{r.model}/grid.png", caption))
    return join(tag("p", "Not picked: the first images of each model's sample."), row(pictures))


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
        tag("p", ABOUT_MAPS),
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
        said = {"trustworthiness of the whole map": "trustworthiness"}
    else:
        what = f"{name}: codes of test images"
        numbers = next(r.codes for r in study.results if r.model == name)
        said = {"kNN accuracy": "knn_accuracy", "in the map": "knn_accuracy_map"}
        said |= {"silhouette": "silhouette", "trustworthiness": "trustworthiness"}
    said |= {"stability": "stability", "n": "n"}
    return join(
        tag("b", what), ". ", ", ".join(f"{k} {number(numbers[v])}" for k, v in said.items())
    )
