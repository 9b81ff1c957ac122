"""Mirrors results in MLflow. No result depends on it.

`sync` goes over all results once they are there; `live` runs beside a training.
"""

import json
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from ..utils import provenance
from . import selection, store, view
from .sqlite_file import configure_mlflow, failures_in_one_line, prepare_sqlite_store

METRICS_PER_BATCH = 1000
PARAMETERS_PER_BATCH = 100
"""MLflow's limits."""


@contextmanager
def mlflow_client(experiment: str):
    """Yield the `Client` of an experiment, made if need be; any failure is an `InputError`."""
    uri, artifacts, _ = store.tracking_store()
    with failures_in_one_line(uri):
        configure_mlflow()
        import mlflow

        prepare_sqlite_store()
        client = mlflow.MlflowClient(uri)
        yield Client(client, _experiment(client, experiment, artifacts))


def _experiment(client, name: str, artifacts: str | None) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        with store.locked():  # no two processes may make it
            experiment = client.get_experiment_by_name(name)
            return (
                experiment.experiment_id
                if experiment
                else client.create_experiment(name, artifacts, {view.KIND_TAG: view.KIND})
            )
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id


class Client:
    """What `runs` needs of MLflow, in few requests. A `run` is MLflow's own object."""

    def __init__(self, client, experiment: str):
        self.client = client
        self.experiment = experiment

    def find(self, tag: str, value: str) -> list:
        """Active runs with this tag, oldest first."""
        query = f"tags.`{tag}` = '{value}'"
        return self.client.search_runs([self.experiment], query, order_by=["start_time"])

    def create(self, name: str, start: int, tags: dict[str, str]):
        """A new run that began at `start`, in milliseconds, of the user of this process."""
        from mlflow.tracking.context.default_context import DefaultRunContext

        return self.client.create_run(
            self.experiment, start, DefaultRunContext().tags() | tags, name
        )

    def runs_page(self) -> str:
        """What follows the address of the server and /, for MLflow's page of all runs."""
        return view.runs_page(self.experiment, self._tags())

    def save_view(self, value: str) -> None:
        """Set how the page of runs opens, unless a user has changed that."""
        tags = self._tags()
        held = tags.get(view.VIEW_TAG)
        if held is None or (held != value and not view.is_changed_by_hand(held)):
            self.client.set_experiment_tag(self.experiment, view.VIEW_TAG, value)
        if view.KIND_TAG not in tags:
            self.client.set_experiment_tag(self.experiment, view.KIND_TAG, view.KIND)

    def _tags(self) -> dict[str, str]:
        return self.client.get_experiment(self.experiment).tags

    def delete(self, run) -> None:
        """Mark a run and its model as deleted."""
        for model in run.outputs.model_outputs if run.outputs else ():
            self.client.delete_logged_model(model.model_id)
        self.client.delete_run(run.info.run_id)

    def finish(self, run, status: str, end: int | None = None) -> None:
        """Close a run, at `end` in milliseconds or now."""
        self.client.set_terminated(run.info.run_id, status, end)

    def points(self, run, names: set[str]) -> set[tuple[str, int, float]]:
        """All that was logged under these names, as (name, step, value)."""
        logged = names & run.data.metrics.keys()
        curves = [(k, self.client.get_metric_history(run.info.run_id, k)) for k in logged]
        return {(k, point.step, point.value) for k, points in curves for point in points}

    def log(self, run, metrics: Sequence[tuple] = (), parameters=None, tags=None) -> None:
        """Send metrics (name, value, milliseconds, step), parameters and tags."""
        from mlflow.entities import Metric, Param, RunTag

        name = run.info.run_id
        points = [Metric(*row) for row in metrics]
        for i in range(0, len(points), METRICS_PER_BATCH):
            self.client.log_batch(name, metrics=points[i : i + METRICS_PER_BATCH])
        rows = [Param(k, str(v)) for k, v in (parameters or {}).items()]
        for i in range(0, len(rows), PARAMETERS_PER_BATCH):
            self.client.log_batch(name, params=rows[i : i + PARAMETERS_PER_BATCH])
        if tags:
            self.client.log_batch(name, tags=[RunTag(k, v) for k, v in tags.items()])

    def add_files(self, run, paths: list[Path], folder: str) -> None:
        """Store files below a folder of the run's artifacts ("" for none)."""
        for path in paths:
            self.client.log_artifact(run.info.run_id, str(path), folder or None)

    def add_text(self, run, text: str, name: str) -> None:
        """Store a text as an artifact."""
        self.client.log_text(run.info.run_id, text, name)

    def add_images(self, run, name: str, images: dict[int, Path]) -> None:
        """Store pictures by step: MLflow shows them in a grid with a slider."""
        from PIL import Image

        for step, path in images.items():
            with Image.open(path) as image:
                self.client.log_image(run.info.run_id, image, key=name, step=step)

    def add_table(self, run, name: str, rows: Sequence[NamedTuple]) -> dict[str, str]:
        """Store rows as a table that MLflow shows; returns the tag that tells it to.

        `MlflowClient.log_table` would append to a table that is there already.
        """
        table = {"columns": rows[0]._fields, "data": rows}
        self.client.log_dict(run.info.run_id, table, name)
        return {"mlflow.loggedArtifacts": json.dumps([{"path": name, "type": "table"}])}

    def add_dataset(self, run, name: str, path: Path) -> str:
        """Say which data the run has seen; returns their digest."""
        from mlflow.entities import Dataset, DatasetInput

        digest = provenance.sha256(path)[:16]
        dataset = Dataset(name, digest, "local", json.dumps({"uri": str(path)}))
        self.client.log_inputs(run.info.run_id, [DatasetInput(dataset)])
        return digest

    def add_model(self, run, weights: Path, step: int) -> str:
        """Store weights as a model that `mlflow.pytorch.load_model` loads, with its code.

        Beside its pickle it has the file of the weights, from which `export.load` makes the same.
        """
        import mlflow.pytorch
        import numpy as np
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model, ModelSignature
        from mlflow.types import Schema, TensorSpec

        from . import export

        module = export.load(weights)
        latents = Schema([TensorSpec(np.dtype("f4"), (-1, module.latent_dim))])
        images = Schema([TensorSpec(np.dtype("f4"), (-1, *module.image_shape))])
        logged = self.client.create_logged_model(
            self.experiment, "model", source_run_id=run.info.run_id, model_type="generator"
        )
        ids = {"run_id": run.info.run_id, "model_id": logged.model_id}
        with tempfile.TemporaryDirectory() as scratch:
            code, own = export.code_of(weights, Path(scratch))
            mlflow.pytorch.save_model(
                module,
                f"{scratch}/model",
                mlflow_model=Model(logged.artifact_location, model_uuid=logged.model_id, **ids),
                signature=ModelSignature(inputs=latents, outputs=images),
                input_example=np.zeros((2, module.latent_dim), np.float32),
                code_paths=[str(code)],
                extra_files=[str(path) for path in (weights, *own)],
                pip_requirements=[f"{name}=={version(name)}" for name in ("torch", "numpy")],
                serialization_format="pickle",  # a graph has one batch size and one device
            )
            self.client.log_model_artifacts(logged.model_id, f"{scratch}/model")
        card = {"mlflow.note.content": export.CARD.format(address=f"models:/{logged.model_id}")}
        self.client.set_logged_model_tags(logged.model_id, card)
        self.client.finalize_logged_model(logged.model_id, "READY")
        self.client.log_outputs(run.info.run_id, [LoggedModelOutput(logged.model_id, step)])
        return logged.model_id

    @contextmanager
    def watching_system(self, run):
        """Log the load of processor, memory and GPU meanwhile, where psutil is there to ask."""
        try:
            from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
        except ImportError:
            yield
            return
        monitor = SystemMetricsMonitor(run.info.run_id, tracking_uri=self.client.tracking_uri)
        monitor.monitors = selection.watched(monitor.monitors)
        monitor.start()
        yield
        monitor.finish()
