"""Files that are stored with a run once it is there."""

from pathlib import Path

from . import store
from .sqlite_file import configure_mlflow, failures_in_one_line


def add_artifact(run_id: str, path: Path) -> None:
    """Store a file with a run, which shows it; an `InputError` for a store out of reach."""
    uri, *_ = store.tracking_store()
    with failures_in_one_line(uri):
        configure_mlflow()
        import mlflow

        mlflow.MlflowClient(uri).log_artifact(run_id, str(path))
