"""Which numbers of a run are metrics in MLflow: its page draws a chart for each, so at most 40."""

import os
import re

MAX_METRICS = 40
"""Of one run: headlines (14), the curves of its training, these facts, the load of the machine."""
FACTS = ("seconds", "images_per_second", "peak_memory_mib")
"""What is measured of the run itself; everything else that is known of it is a tag."""
NOT_SHOWN = re.compile(
    r"alarm/.*"  # a tag says in words what they mark
    r"|.*/bits_per_dim"  # the negative ELBO in other units
    r"|model/negative_elbo"  # the sum of model/reconstruction and model/kl
    r"|encoder/feature_error"  # of f_anogan: its loss less encoder/pixel_error
    r"|model/kl_layer_\d+"  # the validation images have them, too
    r"|val/kl_layer_([6-9]|\d\d+)"  # a deep hierarchy would fill the page
)
"""Curves that stay in history.csv, which is an artifact of the run."""
UNWATCHED = {"DiskMonitor", "NetworkMonitor"}
"""Classes of MLflow that watch what a training does not use."""


def is_shown(curve: str) -> bool:
    """Whether a column of a training's history is a metric in MLflow."""
    return not NOT_SHOWN.fullmatch(curve)


def watched(monitors: list) -> list:
    """Those of MLflow's monitors that watch the processor, memory and the one GPU that trains."""
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0]
    first = int(gpu) if gpu.isdigit() else 0
    for monitor in monitors:
        if len(handles := getattr(monitor, "gpu_handles", [])) > 1:
            monitor.gpu_handles = handles[first : first + 1]
    return [each for each in monitors if type(each).__name__ not in UNWATCHED]
