"""One MLflow run per training: found by its key, then completed or replaced, never doubled."""

import os
import subprocess
import time

from ..utils.paths import main_repository
from .content import RunContent
from .selection import is_shown

KEY = "genbench.key"
TRAINING = "genbench.made_of"
CONTENT = "genbench.content"
MODEL = "genbench.model"


def start_live(client, header: dict):
    """A new run for a training that has just begun, in place of earlier ones that broke off.

    It has no TRAINING yet: `upsert` completes it if it turns out to hold the same training.
    """
    for old in client.find(KEY, header["key"]):
        if TRAINING not in old.data.tags:
            client.delete(old)
    run = _create(client, header["name"], header["start"], {KEY: header["key"]})
    client.log(run, parameters=header["choices"])
    return run


def upsert(client, content: RunContent) -> None:
    """Make sure that exactly one run has the key of `content`, and that it holds all of it."""
    digest = content.content_digest
    run = _find(client, content) or _create_finished(client, content)
    if run.data.tags.get(CONTENT) != digest:
        _send(client, run, content, _missing_metrics(client, run, content))
        client.log(run, tags={CONTENT: digest})  # last: an interrupted pass is taken up again


def _find(client, content: RunContent):
    """The run of this training or None; all others of its key are deleted."""
    runs = sorted(client.find(KEY, content.key), key=lambda run: TRAINING not in run.data.tags)
    match = next((run for run in runs if _matches(client, run, content)), None)
    for run in runs:
        if run is not match:
            client.delete(run)
    return match


def _matches(client, run, content: RunContent) -> bool:
    """Whether the run is of this training: by its tag, or by all the points that it has so far."""
    digest = run.data.tags.get(TRAINING)
    if digest:
        return digest == content.training_digest
    curves = {name for name in run.data.metrics if not name.startswith("system/")}
    return client.points(run, curves) <= content.points()


def _create_finished(client, content: RunContent):
    """A run that began so long ago that the training ends now."""
    start = round(1000 * (time.time() - content.metrics.get("seconds", 0)))
    tags = {KEY: content.key, TRAINING: content.training_digest}
    return _create(client, content.name, start, tags)


def _create(client, name: str, start: int, tags: dict[str, str]):
    """A run that also says where it comes from."""
    origin = {"git.commit": _commit(), "dvc.experiment": os.environ.get("DVC_EXP_NAME")}
    return client.create(name, start, tags | {k: v for k, v in origin.items() if v})


def _commit() -> str | None:
    command = ["git", "-C", str(main_repository()), "rev-parse", "--verify", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or nothing committed yet
        return None


def _missing_metrics(client, run, content: RunContent) -> list[tuple[str, float, int, int]]:
    """What the run does not hold yet, as (name, value, milliseconds, images seen)."""
    start = run.info.start_time
    duration = 1000 * content.metrics.get("seconds", 0)
    points = {point for point in content.points() if is_shown(point[0])}
    missing = points - client.points(run, {name for name, *_ in points})
    curves = [
        (name, value, round(start + duration * images / content.images), images)
        for name, images, value in sorted(missing)
    ]
    now = round(1000 * time.time())
    return curves + [
        (name, value, now, content.images)
        for name, value in content.metrics.items()
        if run.data.metrics.get(name) != value
    ]


def _send(client, run, content: RunContent, metrics: list[tuple[str, float, int, int]]) -> None:
    client.log(run, metrics, content.choices)
    for folder, paths in content.artifacts.items():
        client.add_files(run, paths, folder)
    tags = {"genbench.stage": content.stage, "dvc.stage": f"{content.stage}@{content.name}"}
    tags |= client.add_table(run, "details.json", content.details)
    if content.processed.exists():
        dataset = client.add_dataset(run, content.choices["dataset"], content.processed)
        tags["genbench.dataset"] = dataset
    if content.store_model and MODEL not in run.data.tags:
        tags[MODEL] = client.add_model(run, content.training.weights, content.images)
    client.log(run, tags=tags | content.tags | {TRAINING: content.training_digest})
    seconds = content.metrics.get("seconds")
    start = run.info.start_time
    end = start + 1000 * seconds if seconds else run.info.end_time or start
    client.finish(run, "FINISHED", round(end))
