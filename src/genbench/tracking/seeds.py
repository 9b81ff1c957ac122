"""A run per model and dataset that has several trainings: its children are their runs."""

import time
from collections.abc import Mapping
from typing import Any

from ..results.summary import values_by_key
from ..results.trainings import over_trainings
from ..utils import provenance
from . import runs
from .content import SEED_TAG, RunContent
from .runs import CONTENT, KEY
from .selection import FACTS

PARENT = "mlflow.parentRunId"
STAGE = "seeds"


def upsert_parents(client, sent: list[tuple[RunContent, Any]]) -> None:
    """Make sure that each model with several trainings has one run above theirs.

    sent : what was sent, with MLflow's run
    """
    groups: dict[tuple[object, object], list[tuple[RunContent, Any]]] = {}
    for content, run in sent:
        if content.stage in ("train", "replicate") and content.status == "FINISHED":
            item = content.choices["dataset"], content.choices["model_name"]
            groups.setdefault(item, []).append((content, run))
    for (dataset, model), members in groups.items():
        if len(members) > 1:
            _upsert(client, f"{dataset}-{model}-seeds", members)


def _upsert(client, name: str, members: list[tuple[RunContent, Any]]) -> None:
    first, _ = members[0]
    metrics = summarize([content.metrics for content, _ in members])
    seeds = sorted(int(str(content.choices["seed"])) for content, _ in members)
    shared = {k: v for k, v in first.choices.items() if k != "seed"} | {"stage": STAGE}
    key = provenance.digest(shared)
    digest = provenance.digest([metrics, seeds])
    run = next(iter(client.find(KEY, key)), None)
    if run is None:
        start = min(run.info.start_time for _, run in members)
        run = runs.create(client, name, start, "train", {KEY: key})
        client.log(run, parameters=shared)
    if run.data.tags.get(CONTENT) != digest:
        now = round(1000 * time.time())
        rows = [(metric, value, now, first.images) for metric, value in metrics.items()]
        tags = {"genbench.stage": STAGE, SEED_TAG: ", ".join(map(str, seeds))}
        client.log(run, rows, tags=tags)
        client.finish(run, "FINISHED")
        client.log(run, tags={CONTENT: digest})
    for _, child in members:
        if child.data.tags.get(PARENT) != run.info.run_id:
            client.log(child, tags={PARENT: run.info.run_id})


def summarize(metrics: list[Mapping[str, float]]) -> dict[str, float]:
    """Of each headline its mean, and what it varies by: fid_classifier, fid_classifier.sd, .low."""
    rows = [{k: v for k, v in each.items() if k not in FACTS} for each in metrics]
    summary: dict[str, float] = {}
    for key, values in values_by_key(rows).items():
        over = over_trainings(values)
        summary[key] = over.mean.value
        if over.deviation is not None and over.mean.low is not None and over.mean.high is not None:
            summary |= {
                f"{key}.sd": over.deviation,
                f"{key}.low": over.mean.low,
                f"{key}.high": over.mean.high,
            }
    return summary
