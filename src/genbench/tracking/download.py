"""The weights of a run in MLflow, without running anything that is stored with them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..utils.errors import InputError
from . import store
from .runs import MODEL
from .sqlite_file import configure_mlflow, failures_in_one_line, prepare_sqlite_store


@contextmanager
def weights_of_run(run_id: str) -> Iterator[tuple[Path, str]]:
    """The file of a training's weights, while it is needed, and the name of its dataset.

    Raises
    ------
    InputError : for a run that is not there or has no model, and for a store out of reach.
    """
    uri, *_ = store.tracking_store()
    with tempfile.TemporaryDirectory() as scratch:
        with failures_in_one_line(uri):
            configure_mlflow()
            import mlflow

            prepare_sqlite_store()
            run = mlflow.MlflowClient(uri).get_run(run_id)
            model = run.data.tags.get(MODEL)
            if model is None:
                raise InputError(
                    f"run {run_id} holds no model: only the first training of each does"
                )
            mlflow.artifacts.download_artifacts(
                f"models:/{model}", dst_path=scratch, tracking_uri=uri
            )
        (weights,) = Path(scratch).rglob("weights.pt")
        yield weights, run.data.params["dataset"]
