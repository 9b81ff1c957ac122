"""How MLflow's page of runs opens: sorted by FID, with the headlines, with snapshots side by side.

MLflow keeps a saved view as a tag of the experiment, in JSON; it has no function that writes one.
"""

import json
from collections.abc import Sequence

KIND_TAG = "mlflow.experimentKind"
KIND = "custom_model_development"
"""Training of models, in place of the view for chats and agents."""
NAME = "genbench"
VIEW_TAG = f"mlflow.sharedViewState.{NAME}"
SNAPSHOTS = "snapshots"
"""The name of their images, and of the chart and the section that show them."""
SECTIONS = ("Model metrics", "System metrics")
"""Those of MLflow, below ours; it adds one for each player of a game."""


def saved_view(metrics: Sequence[str], step: int) -> str:
    """The tag's value: the first of the metrics sorts, lower first; snapshots open at `step`.

    Only MLflow's page ever sets `updatedAt`: that view has been changed by hand.
    """
    columns = [f"metrics.`{name}`" for name in metrics] + ["attributes.`Source`"]
    chart = {
        "type": "IMAGE",
        "uuid": SNAPSHOTS,
        "metricSectionId": SNAPSHOTS,
        "imageKeys": [SNAPSHOTS],
        "step": step,
        "showRunParams": False,
        "isGenerated": True,
        "runsCountToCompare": 10,
    }
    sections = [
        {"uuid": name, "name": name, "display": True, "isGenerated": True}
        for name in (SNAPSHOTS, *SECTIONS)
    ]
    wide = {"columns": 1, "cardHeight": 700}
    state = {
        "orderByKey": columns[0],
        "orderByAsc": True,
        "selectedColumns": columns,
        "columnOrder": columns,
        "compareRunCharts": [chart],
        "compareRunSections": [sections[0] | wide, *sections[1:]],
        "isAccordionReordered": True,  # else MLflow sorts the sections
    }
    return json.dumps({"name": NAME, "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)})


def is_changed_by_hand(view: str) -> bool:
    """Whether a user has saved the view again on MLflow's page."""
    return bool(json.loads(view).get("updatedAt"))


def runs_page(experiment: str, tags: dict[str, str]) -> str:
    """Of an experiment with these tags: what follows the address of the server and /."""
    view = f"&viewStateShareKey={NAME}" if VIEW_TAG in tags else ""
    return f"#/experiments/{experiment}/runs?workflowType=machine_learning{view}"
