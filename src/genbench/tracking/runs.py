"""One MLflow run per result: found by its key, then completed or replaced, never doubled."""

import os
import subprocess
import time

from ..utils.paths import main_repository
from .results import Result

KEY, MADE_OF, CONTENT = "genbench.key", "genbench.made_of", "genbench.content"
MODEL = "genbench.model"


def start_live(client, header: dict):
    """A new run for a training that has just begun, in place of earlier ones that broke off.

    It has no MADE_OF yet: `upsert` completes it if it turns out to hold the same training.
    """
    for old in client.find(KEY, header["key"]):
        if MADE_OF not in old.data.tags:
            client.delete(old)
    run = _create(client, header["name"], header["start"], {KEY: header["key"]})
    client.log(run, parameters=header["choices"])
    return run


def upsert(client, result: Result) -> None:
    """Make sure that exactly one run has the key of `result`, and that it holds all of it."""
    kept, content = None, result.content
    runs = client.find(KEY, result.key)
    for run in sorted(runs, key=lambda run: MADE_OF not in run.data.tags):
        if kept is None and _matches(client, run, result):
            kept = run
        else:
            client.delete(run)
    if kept is None:
        start = round(1000 * (time.time() - result.numbers.get("seconds", 0)))
        tags = {KEY: result.key, MADE_OF: result.made_of}
        kept = _create(client, result.name, start, tags)
    if kept.data.tags.get(CONTENT) != content:
        _fill(client, kept, result)
        client.log(kept, tags={CONTENT: content})  # last: an interrupted pass is taken up again


def _create(client, name: str, start: int, tags: dict[str, str]):
    """A run that also says where it comes from."""
    origin = {"git.commit": _commit(), "dvc.experiment": os.environ.get("DVC_EXP_NAME")}
    return client.create(name, start, {**tags, **{k: v for k, v in origin.items() if v}})


def _commit() -> str | None:
    command = ["git", "-C", str(main_repository()), "rev-parse", "--verify", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or nothing committed yet
        return None


def _matches(client, run, result: Result) -> bool:
    """Whether the run is of this training: by its tag, or by all the points that it has so far."""
    made_of = run.data.tags.get(MADE_OF)
    if made_of:
        return made_of == result.made_of
    curves = {name for name in run.data.metrics if not name.startswith("system/")}
    return client.points(run, curves) <= result.points()


def _fill(client, run, result: Result) -> None:
    start, duration = run.info.start_time, 1000 * result.numbers.get("seconds", 0)
    points = result.points()
    missing = points - client.points(run, {name for name, *_ in points})
    curves = [
        (name, value, round(start + duration * images / result.images), images)
        for name, images, value in sorted(missing)
    ]
    now = round(1000 * time.time())
    numbers = [
        (name, value, now, result.images)
        for name, value in result.numbers.items()
        if run.data.metrics.get(name) != value
    ]
    client.log(run, curves + numbers, result.choices)
    for folder, paths in result.files.items():
        client.add_files(run, paths, folder)
    tags = {"genbench.stage": result.stage, "dvc.stage": f"{result.stage}@{result.name}"}
    if result.data.exists():
        tags["genbench.dataset"] = client.add_dataset(run, result.choices["dataset"], result.data)
    if result.weights and MODEL not in run.data.tags:
        tags[MODEL] = client.add_model(run, result.weights, result.images)
    client.log(run, tags={**tags, **result.texts, MADE_OF: result.made_of})
    end = start + duration if duration else run.info.end_time or start
    client.finish(run, "FINISHED", round(end))
