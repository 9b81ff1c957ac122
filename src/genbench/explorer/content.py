"""All that the page says of datasets and models, as plain data and a pack of bytes."""

from pathlib import Path
from typing import Any

import numpy as np

from ..anomaly.baselines import MAX_REFERENCE_IMAGES
from ..anomaly.localization import WHITE_QUANTILE
from ..anomaly.scores import Scorer
from ..api import Model
from ..evaluation.results import SAMPLES
from ..latent.results import REAL
from ..params import Params
from ..report.vega import assign_colors
from ..utils import files
from .export import NotExportable, Weights, export
from .graphs import LABEL
from .measured import Measured, leading_directions
from .pack import Pack
from .scoring import scores_of

MAX_BYTES = 4_000_000
"""Of the test images, and of the training images, in the page."""
MAX_MAPPED = 200
"""Test images behind the scale of maps of errors."""
MAX_EXAMPLES = 24
"""Images of each foreign dataset and of each defect."""

Source = tuple[Model, Measured, Path | None]
"""A model, its numbers, and the folder of its samples; None without."""


class Content:
    """Datasets and models of one page, which are added one after the other.

    data : plain values; places in them are those of `pack`
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self.pack = Pack()
        self.weights = Weights()
        self.data: dict[str, Any] = {"datasets": []}

    def add(self, dataset: str, processed: Path, sources: list[Source], missing: list[str]) -> None:
        """Add a dataset with its models.

        missing : a sentence for each model that cannot be in the page
        """
        arrays = files.load_arrays(processed)
        entry = _dataset(self.pack, dataset, arrays, processed, self.params)
        for model, measured, samples in sources:
            try:
                entry["models"].append(self._model(model, measured, samples, arrays, entry))
            except NotExportable as error:
                missing = [*missing, f"{model.name} is left out: {error}."]
        self.data["datasets"].append(entry | {"missing": missing})

    def finish(self) -> tuple[dict, bytes]:
        """The data, and the bytes that they point to."""
        weights = self.pack.file(bytes(self.weights.content))
        return self.data | {"weights": weights}, bytes(self.pack.content)

    def _model(
        self,
        model: Model,
        measured: Measured,
        samples: Path | None,
        arrays: dict[str, np.ndarray],
        dataset: dict,
    ) -> dict:
        scorer = Scorer(model.model, arrays["train_x"], arrays["train_y"])
        graphs = export(model.model, model.image_shape, scorer.log_shares, self.weights)
        kind, weights, vectors = leading_directions(model, measured, self.params)
        codes = None if measured.codes is None else _class_means(measured, len(model.classes))
        return {
            "name": model.name,
            "latent_dim": model.latent_dim,
            "conditional": model.model.conditional,
            "graphs": {name: self.pack.file(graph) for name, graph in graphs.items()},
            "directions": {
                "kind": kind,
                "weights": [float(f"{weight:.4g}") for weight in np.nan_to_num(weights)],
                "vectors": self.pack.array(vectors),
                "latents": vectors.argmax(1).tolist() if kind == "KL" else None,
            },
            "class_means": None if codes is None else self.pack.array(codes),
            "error_white": _white(model, arrays["test_x"]) if "errors" in graphs else None,
            "map": _map(self.pack, model, measured, samples, dataset),
            **scores_of(self.pack, model, measured, scorer, arrays, dataset, self.params),
        }


def _white(model: Model, x: np.ndarray) -> float:
    """The error that few pixels of test images exceed, as in the pictures of the stage."""
    return float(np.quantile(model.error_map(x[:MAX_MAPPED]), WHITE_QUANTILE)) or 1.0


def _dataset(
    pack: Pack, name: str, arrays: dict[str, np.ndarray], processed: Path, params: Params
) -> dict:
    """Images and names of a dataset; models and what is missing come later."""
    others = [("ood", each) for each in files.ood_names(processed)]
    others += [("defect", each) for each in files.defect_names(processed)]
    classes = arrays["classes"].tolist()
    return {
        "name": name,
        "classes": classes,
        "colors": list(assign_colors(classes).values()),
        "shape": list(arrays["test_x"].shape[1:]),
        "test": _part(pack, arrays, "test", len(arrays["test_y"])),
        "train": _part(pack, arrays, "train", MAX_REFERENCE_IMAGES),
        "others": [
            {"name": each, "x": pack.array(arrays[f"{kind}_{each}_x"][:MAX_EXAMPLES])}
            for kind, each in others
        ],
        "severities": params.anomaly.severities,
        "quantile": params.anomaly.quantile,
        "models": [],
    }


def _part(pack: Pack, arrays: dict[str, np.ndarray], part: str, most: int) -> dict:
    """As many images as fit, evenly over the part, and where they are in it."""
    x = arrays[f"{part}_x"]
    n = min(len(x), most, max(1, MAX_BYTES // x[0].size))
    chosen = np.linspace(0, len(x) - 1, n).astype(int)
    return {
        "x": pack.array(x[chosen]),
        "labels": arrays[f"{part}_y"][chosen].tolist(),
        "numbers": chosen.tolist(),
    }


def _class_means(measured: Measured, classes: int) -> np.ndarray:
    """Mean codes (K, latent_dim) of the test images of each class; NaN for one without images."""
    assert measured.codes is not None and measured.codes_y is not None
    of_classes = [measured.codes[measured.codes_y == k] for k in range(classes)]
    nothing = np.full((1, measured.codes.shape[1]), np.nan)
    return np.stack([(x if len(x) else nothing).mean(0) for x in of_classes]).astype(np.float32)


def _map(
    pack: Pack, model: Model, measured: Measured, samples: Path | None, dataset: dict
) -> dict | None:
    """The points of an embedding whose images are in the page, or can be made there.

    images : the place of a real image among the page's test images, of a generated one -1 - its
        place in `z` and `labels`
    """
    embedding = measured.map
    if embedding is None:
        return None
    places = {number: place for place, number in enumerate(dataset["test"]["numbers"])}
    is_real = embedding.groups == REAL
    mine = embedding.groups == model.name
    shown = [
        i for i in np.flatnonzero(is_real | mine) if mine[i] or int(embedding.images[i]) in places
    ]
    latents: dict[str, Any] = {"z": None, LABEL: []}
    if mine.any() and samples is not None:
        z, y = files.load_npz(samples / SAMPLES, "z", "y")
        numbers = embedding.images[mine]
        latents = {"z": pack.array(z[numbers]), LABEL: y[numbers].tolist()}
    own = np.cumsum(mine)
    images = [int(-own[i]) if mine[i] else places[int(embedding.images[i])] for i in shown]
    return {
        "of": "codes" if embedding.name == model.name else "features",
        "points": pack.array(embedding.points[shown].astype(np.float32)),
        "classes": embedding.classes[shown].tolist(),
        "images": images,
        **latents,
    }
