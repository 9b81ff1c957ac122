"""What goes into the page: the models of the pipeline in the workspace, or that of one run."""

import logging
from collections.abc import Sequence
from pathlib import Path

from .. import api
from ..results.run import DatasetResults, collect
from ..utils.errors import InputError, unknown_names
from .content import Content, Source
from .measured import measure, read

log = logging.getLogger(__name__)


def add_pipeline(
    content: Content,
    data: Path,
    details: Path,
    dataset: str | None = None,
    models: Sequence[str] | None = None,
) -> None:
    """Add what `dvc repro` made.

    dataset, models : those alone; None: all

    Raises
    ------
    InputError : for names that params.yaml does not have, and where nothing is there.
    """
    params = content.params
    for key, names, known in (
        ("dataset", [dataset] if dataset else [], params.datasets),
        ("models", models or [], params.models),
    ):
        if line := unknown_names(key, names, known):
            raise InputError(line)
    for results in collect(params, data, details):
        if dataset in (None, results.dataset):
            _add_dataset(content, results, data, models or params.models)


def _add_dataset(
    content: Content, results: DatasetResults, data: Path, models: Sequence[str]
) -> None:
    sources: list[Source] = []
    missing = [
        f"{each.name} is left out: {each}." for each in results.failures if each.name in models
    ]
    for result in results.ranked():
        if result.model not in models:
            continue
        if result.is_imported:
            missing.append(f"{result.model} is left out: its images were made elsewhere.")
            continue
        log.info("exporting %s of %s", result.model, results.dataset)
        model = api.load(f"{results.dataset}/{result.model}", folder=data.parent)
        sources.append((model, read(result, results), result.paths["sample"]))
    processed = data / "processed" / f"{results.dataset}.npz"
    content.add(results.dataset, processed, sources, missing)


def add_run(content: Content, run: str, data: Path) -> None:
    """Add the model of a run in MLflow; what is known of it is measured here, as the stages do."""
    model = api.load(run_id=run, folder=data.parent)
    processed = data / "processed" / f"{model.dataset}.npz"
    measured = measure(model, content.params, processed)
    content.add(model.dataset, processed, [(model, measured, None)], [])
