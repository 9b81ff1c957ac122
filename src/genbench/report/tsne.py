"""The report's chapters that show pictures: samples and maps."""

import numpy as np

from ..params import Params
from . import charts
from .curves import maps
from .gallery import Gallery, legend, row
from .html import Html, join, number, tag
from .results import DatasetResults, Result

TSNE_NOTE = (
    "Nearness means something in these maps; distance between groups does not. kNN accuracy: how"
    " many points have the class of their neighbours, in the space and in the map. Trustworthiness:"
    " 1 if neighbours in the map are neighbours in the space. Stability: the share of neighbours"
    " that a second map, from a random start, shows as well."
)
NEIGHBORS_NOTE = (
    "Below each: how many of the nearest neighbours of generated images, in feature space, are"
    " real; 50% where the two cannot be told apart, 0% where they lie apart."
)


def tsne_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html:
    """Codes of each VAE by class; real against generated features."""
    own = np.array(charts.palette(len(study.classes)))
    by_class, by_origin = [], []
    for name, xy, y, groups in maps(study):
        real = groups == "real"
        layers, caption = [(xy[real], own[y[real]])], _of_map(study, name)
        by_class.append(gallery.chart(charts.points, f"tsne-{name}.png", layers, caption=caption))
        if name == "features":
            by_origin = [_of_origin(study, r, gallery, xy, groups) for r in study.ranked()]
    return join(
        tag("p", TSNE_NOTE),
        row(by_class),
        legend(study.classes, list(own)),
        tag("h4", "Real and generated images in one map of the classifier's features"),
        tag("p", NEIGHBORS_NOTE),
        row(by_origin),
    )


def _of_origin(
    study: DatasetResults, r: Result, gallery: Gallery, xy: np.ndarray, groups: np.ndarray
) -> Html:
    share = study.features["real_neighbours"][r.model]
    fake = (xy[groups == r.model], charts.colours(study.models)[r.model])
    return gallery.chart(
        charts.points,
        f"{r.model}/tsne-features.png",
        [(xy[groups == "real"], charts.GREY), fake],
        caption=join(tag("b", r.model), f": {share:.1%} of the neighbours are real (grey)"),
    )


def _of_map(study: DatasetResults, name: str) -> Html:
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
