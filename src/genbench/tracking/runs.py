"""One MLflow run per training: found again and completed, never doubled, kept when code changes."""

import os
import subprocess
import time
from collections.abc import Collection

from ..utils import provenance
from ..utils.paths import main_repository
from ..utils.provenance import clone_id
from . import view
from .code import CODE_TAG
from .content import RunContent
from .selection import FACTS, is_shown

KEY = "genbench.key"
TRAINING = "genbench.made_of"
CONTENT = "genbench.content"
MODEL = "genbench.model"
CLONE = "genbench.clone"
SNAPSHOTS = "genbench.snapshots"
"""A digest of the snapshots that were sent."""
SOURCE = "mlflow.source.name"
COMMIT = "mlflow.source.git.commit"
NOTE = "mlflow.note.content"
"""Shown as the description."""
NOTE_LENGTH = 8000
"""MLflow cuts longer values of tags."""
NOTE_DIGEST = "genbench.note"
"""A digest of the note that was sent: another one is a user's."""
EXPERIMENT = "dvc.experiment"


def start_live(client, header: dict):
    """A new run for a training that has just begun, in place of earlier ones that broke off.

    It has no TRAINING yet: `upsert` completes it if it turns out to hold the same training.
    """
    _delete_unfinished(client, client.find(KEY, header["key"]))
    run = create(client, header["name"], header["start"], "train", {KEY: header["key"]})
    client.log(run, parameters=header["choices"])
    return run


def upsert(client, content: RunContent):
    """Make sure that exactly one run is that of `content`, and holds all of it; returns it."""
    runs = client.find(KEY, content.key)
    run = next((run for run in _in_order(runs, content) if _matches(client, run, content)), None)
    _delete_unfinished(client, [other for other in runs if other is not run])
    run = run or _create_finished(client, content)
    if not is_sent(run, content.content_digest, content.metrics):
        _send(client, run, content, _missing_metrics(client, run, content))
        client.log(run, tags={CONTENT: content.content_digest})  # last: an interrupted pass goes on
    return run


def _delete_unfinished(client, runs: list) -> None:
    """Delete what trainings of this clone left that broke off, or that another has replaced.

    Complete runs and those of other clones stay, and those of experiments that run at this time.
    """
    for run in runs:
        tags = run.data.tags
        other = tags.get(EXPERIMENT) != os.environ.get("DVC_EXP_NAME")
        running = run.info.status == "RUNNING" and other
        is_unfinished = TRAINING not in tags or run.info.status == "KILLED"
        if tags.get(CLONE) == clone_id() and is_unfinished and not running:
            client.delete(run)


def _in_order(runs: list, content: RunContent) -> list:
    """Complete runs first, and among them those of the same code."""
    code = content.tags.get(CODE_TAG)

    def later(run) -> tuple[bool, bool]:
        tags = run.data.tags
        return TRAINING not in tags, tags.get(CODE_TAG) != code

    return sorted(runs, key=later)


def _matches(client, run, content: RunContent) -> bool:
    """Whether the run is of this training, and of the same code or the same numbers.

    A run that is not complete is of this training if all the points that it has so far are.
    """
    tags = run.data.tags
    if TRAINING not in tags:
        if tags.get(CLONE, clone_id()) != clone_id():
            return False
        if content.status == "KILLED":  # this is all that is left of it
            return True
        curves = {name for name in run.data.metrics if not name.startswith("system/")}
        return client.points(run, curves) <= content.points()
    if tags[TRAINING] != content.training_digest:
        return False
    same_code = tags.get(CODE_TAG) in (None, content.tags.get(CODE_TAG))  # None: an older run
    return same_code or not _differences(run, content)


def _differences(run, content: RunContent) -> set[str]:
    """Measured numbers that the run has with another value; what it lacks is no difference."""
    held = run.data.metrics
    return {k for k, v in content.metrics.items() if k not in FACTS and held.get(k, v) != v}


def is_sent(run, digest: str, metrics: Collection[str] = ()) -> bool:
    """Whether nothing is to be sent; to a run of another clone, only what it lacks is."""
    if run.data.tags.get(CONTENT) == digest:
        return True
    others = run.data.tags.get(CLONE, clone_id()) != clone_id()
    complete = CONTENT in run.data.tags and set(metrics) <= run.data.metrics.keys()
    return others and complete


def _create_finished(client, content: RunContent):
    """A run that began so long ago that the training ends now."""
    start = round(1000 * (time.time() - content.metrics.get("seconds", 0)))
    tags = {KEY: content.key, TRAINING: content.training_digest}
    return create(client, content.name, start, content.script, tags)


def create(client, name: str, start: int, script: str, tags: dict[str, str]):
    """A run that also says where it comes from; `script` is one of stages/."""
    origin = {CLONE: clone_id(), SOURCE: f"stages/{script}.py", COMMIT: _commit()}
    origin[EXPERIMENT] = os.environ.get("DVC_EXP_NAME")
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
    tags |= _send_snapshots(client, run, content)
    tags |= client.add_table(run, "details.json", content.details)
    if content.processed.exists():
        dataset = client.add_dataset(run, content.choices["dataset"], content.processed)
        tags["genbench.dataset"] = dataset
    if content.store_model and MODEL not in run.data.tags:
        tags[MODEL] = client.add_model(run, content.training.weights, content.images)
    tags |= content.tags | note(run, content.note) | {SOURCE: f"stages/{content.script}.py"}
    client.log(run, tags=tags | {TRAINING: content.training_digest})
    seconds = content.metrics.get("seconds")
    start = run.info.start_time
    end = start + 1000 * seconds if seconds else run.info.end_time or start
    client.finish(run, content.status, round(end))


def _send_snapshots(client, run, content: RunContent) -> dict[str, str]:
    """Store the snapshots that are not there yet: MLflow would show each of them twice."""
    digest = content.snapshots_digest
    if content.snapshots and run.data.tags.get(SNAPSHOTS) != digest:
        client.add_images(run, view.SNAPSHOTS, content.snapshots)
        return {SNAPSHOTS: digest}
    return {}


def note(run, text: str) -> dict[str, str]:
    """The tags of a description; none where there is none, or a user has written another."""
    text = text[:NOTE_LENGTH]
    held = run.data.tags.get(NOTE)
    is_ours = held is None or run.data.tags.get(NOTE_DIGEST) == provenance.digest([held])
    return {NOTE: text, NOTE_DIGEST: provenance.digest([text])} if text and is_ours else {}
