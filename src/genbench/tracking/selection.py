"""Which numbers of a run are metrics in MLflow: its page draws a chart for each, so at most 40."""

import re

MAX_METRICS = 40
"""Of one run: headlines (14), the curves of its training, these facts, the load of the machine."""
FACTS = ("seconds", "images_per_second", "peak_memory_mib")
"""What is measured of the run itself; everything else that is known of it is a tag."""
NOT_SHOWN = re.compile(
    r"alarm/.*"  # a tag says in words what they mark
    r"|.*/bits_per_dim"  # the negative ELBO in other units
    r"|model/negative_elbo"  # the sum of model/reconstruction and model/kl
    r"|model/kl_layer_\d+"  # the validation images have them, too
    r"|val/kl_layer_([6-9]|\d\d+)"  # a deep hierarchy would fill the page
)
"""Curves that stay in history.csv, which is an artifact of the run."""


def is_shown(curve: str) -> bool:
    """Whether a column of a training's history is a metric in MLflow."""
    return not NOT_SHOWN.fullmatch(curve)
