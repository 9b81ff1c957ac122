"""Mirrors a training in MLflow while it runs, in a process of its own."""

import json
import os
import sys
from collections.abc import Iterator

from ..utils import files
from ..utils.errors import InputError
from . import runs
from .client import mlflow_client
from .selection import is_shown


def stream_live_run(lines: Iterator[str]) -> None:
    """Mirror a training as it runs: a header, then points, one JSON object per line."""
    header = json.loads(next(lines))
    status = "KILLED"  # unless the training says how it ended
    with mlflow_client(header["experiment"]) as client:
        run = runs.start_live(client, header)
        with client.watching_system(run):
            for message in map(json.loads, lines):
                client.log(run, list(_metrics(message["points"])))
                status = message.get("end", status)
        client.finish(run, status)


def _metrics(points: list) -> Iterator[tuple[str, float, int, int]]:
    """Points of a training as (name, value, milliseconds, images seen), as its file will say."""
    for milliseconds, images, values in points:
        for name, value in files.rounded(values).items():
            if is_shown(name):
                yield name, value, milliseconds, images


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    try:
        stream_live_run(sys.stdin)
    except InputError as error:
        sys.exit(f"warning: {error}; the end of `dvc repro`, or `make track`, sends the curves")
