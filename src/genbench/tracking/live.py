"""Mirrors a training in MLflow while it runs, in a process of its own."""

import json
import os
import sys

from ..utils import files
from ..utils.errors import InputError
from . import runs
from .client import mlflow_client


def stream_live_run(lines) -> None:
    """Mirror a training as it runs: a header, then points, one JSON object per line."""
    header, status = json.loads(next(lines)), "KILLED"  # unless the training says how it ended
    with mlflow_client(header["experiment"]) as client:
        run = runs.start_live(client, header)
        with client.watching_system(run):
            for message in map(json.loads, lines):
                rows = [(t, n, files.rounded(values)) for t, n, values in message["points"]]
                client.log(run, [(k, v, t, n) for t, n, row in rows for k, v in row.items()])
                status = message.get("end", status)
        client.finish(run, status)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    try:
        stream_live_run(sys.stdin)
    except InputError as error:
        sys.exit(f"warning: {error}; the end of `dvc repro`, or `make track`, sends the curves")
