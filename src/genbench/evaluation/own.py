"""Metrics and an extractor of the user's own, named by `evaluate` in params.yaml."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..params.schema import Evaluate
from ..utils import files
from ..utils.own_code import COPIES, OwnCode, copy
from .results import OWN_PREFIX

FOLDER = COPIES / "evaluate"
"""Copies of the files; there also without any, as stages depend on it."""
N_IMAGES = 20
"""That are made up to try the code out."""

Metric = Callable[[np.ndarray, np.ndarray], float]
"""Features (M, D) and (N, D) float32, real and generated, to a number."""


def copy_code(params: Evaluate, folder: Path) -> None:
    """Copy the files into a new folder, and say there what is in them."""
    folder.mkdir()
    codes = _codes(params)
    for name, code in codes.items():
        copy(code.source(), folder / f"{name}.py")
    paths = {name: f"{code.module}:{code.name}" for name, code in codes.items()}
    files.save_json(folder / "own.json", paths)


def load_metrics(params: Evaluate, folder: Path = FOLDER) -> dict[str, Metric]:
    """The own metrics by their keys.

    A value that is no finite number, as of images that are all equal, is none, and an error in a
    metric is a line with its place.
    """
    return {
        name: _checked(code, _function(name, code, folder))
        for name, code in _codes(params).items()
        if name.startswith(OWN_PREFIX)
    }


def load_extractor(params: Evaluate, folder: Path = FOLDER) -> tuple[OwnCode, Callable]:
    """The own extractor: what names it; images (N, C, H, W) uint8 to features (N, D) float32."""
    code = _codes(params)["extractor"]
    function = _function("extractor", code, folder)

    def extract(x: np.ndarray) -> np.ndarray:
        with code.one_line("extractor.py"):
            features = np.asarray(function(x), np.float32)
        if features.ndim != 2 or len(features) != len(x) or not np.isfinite(features).all():
            raise code.error(f"must return finite features ({len(x)}, D), got {features.shape}")
        return features

    return code, extract


def has_extractor(params: Evaluate) -> bool:
    """Whether features are those of the user's own extractor."""
    return ":" in params.extractor


def try_out(params: Evaluate, image_shapes: list[tuple[int, int, int]], folder: Path) -> None:
    """Call everything with images made up; an `InputError` for what fails."""
    random = np.random.default_rng(0)
    for shape in image_shapes if has_extractor(params) else ():
        extract = load_extractor(params, folder)[1]
        extract(random.integers(0, 256, (N_IMAGES, *shape), dtype=np.uint8))
    features = random.normal(size=(2, N_IMAGES, 3)).astype(np.float32)
    for metric in load_metrics(params, folder).values():
        metric(*features)


def _codes(params: Evaluate) -> dict[str, OwnCode]:
    """What params.yaml names: metrics by the names of their functions, and the extractor."""
    codes: dict[str, OwnCode] = {}
    for i, path in enumerate(params.metrics):
        code = OwnCode.of(f"evaluate.metrics[{i}]", path)
        if (name := OWN_PREFIX + code.name) in codes:
            raise code.error(f"another metric is called {code.name}, too")
        codes[name] = code
    if has_extractor(params):
        codes["extractor"] = OwnCode.of("evaluate.extractor", params.extractor)
    return codes


def _function(name: str, code: OwnCode, folder: Path) -> Callable:
    function = code.load(folder / f"{name}.py", f"genbench.evaluation.own_code.{name}")
    if not callable(function):
        raise code.error(f"there is no function {code.name}")
    return function


def _checked(code: OwnCode, function: Metric) -> Metric:
    def metric(real: np.ndarray, fake: np.ndarray) -> float:
        with code.one_line(f"{OWN_PREFIX}{code.name}.py"):
            value = function(real.copy(), fake.copy())
        try:
            return float(value)
        except (TypeError, ValueError):
            raise code.error(f"{code.name} must return a number, got {value!r}") from None

    return metric
