"""A page that is stored with a run once it is there."""

from pathlib import Path

from . import store
from .sqlite_file import configure_mlflow, failures_in_one_line

NAME = "explorer.html"


def add_page(run_id: str, path: Path) -> None:
    """Store the explorer of a run, which MLflow shows; an `InputError` for a store out of reach."""
    uri, *_ = store.tracking_store()
    with failures_in_one_line(uri):
        configure_mlflow()
        import mlflow

        mlflow.MlflowClient(uri).log_text(run_id, path.read_text(encoding="utf-8"), NAME)
