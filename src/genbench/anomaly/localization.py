"""Where in an image an anomaly is: maps of the error of each pixel, and how well they show it."""

from collections.abc import Callable

import numpy as np

from ..auroc import pixel_auroc
from ..utils.images import grid
from .detection import N_COLUMNS
from .results import ImageSet, Localization

Maps = Callable[[np.ndarray], np.ndarray]
"""Images (N, C, H, W) uint8 to maps (N, H, W), at or above 0, larger is more anomalous."""
WHITE_QUANTILE = 0.999
"""Of the errors of intact test images: larger ones are white in a picture."""


def mean_image_maps(train: np.ndarray) -> Maps:
    """A baseline: squared distance of each pixel from the mean of the training images."""
    mean = train.mean(0, dtype=float)
    return lambda x: (((x - mean) / 127.5) ** 2).mean(1)


def localize(sets: list[ImageSet], maps: Maps) -> list[Localization]:
    """How well maps show the anomalies whose masks are known.

    Pixels of the anomaly are compared with all others of the same images; for defects with those
    of the test images as well.
    """
    normal = []
    if any(part.kind == "defect" and part.mask is not None for part in sets):
        (test,) = (part for part in sets if part.kind == "test")
        normal = [(maps(test.x), np.zeros((len(test.x), *test.x.shape[2:]), bool))]
    found = []
    defects = normal.copy()
    for part in sets:
        if part.mask is not None:
            pairs = [(maps(part.x), part.mask)]
            if part.kind == "defect":
                defects += pairs
                pairs = [*normal, *pairs]
            if 0 < sum(int(mask.sum()) for _, mask in pairs) < sum(mask.size for _, mask in pairs):
                found.append(_localization(part.kind, part.name, pairs))
    if any(mask.any() for _, mask in defects):
        found.append(_localization("defects", "all", defects))
    return found


def _localization(kind, name: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> Localization:
    values, masks = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    return Localization(kind=kind, name=name, n=len(values), auroc=pixel_auroc(values, masks))


def maps_figure(sets: list[ImageSet], maps: Maps) -> np.ndarray:
    """A picture with two rows per set but for validation images: images, and their maps below.

    All maps share one scale from black, no error, to white, which few pixels of test images reach;
    each of its own would find anomalies in every image.
    """
    shown = [part.x[np.resize(np.arange(len(part.x)), N_COLUMNS)] for part in sets[1:]]
    errors = [maps(x) for x in shown]
    white = np.quantile(errors[0], WHITE_QUANTILE) or 1.0
    rows = []
    for x, values in zip(shown, errors, strict=True):
        gray = (255 * (values / white).clip(0, 1)).round().astype(np.uint8)[:, None]
        rows += [x, np.broadcast_to(gray, x.shape)]
    return grid(np.concatenate(rows), N_COLUMNS)
