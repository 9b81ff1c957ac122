"""A run has at most 40 metrics in MLflow, whichever model is trained."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.results.metrics import HEADLINES
from genbench.tracking.selection import FACTS, MAX_METRICS, is_shown, watched
from genbench.training.health import RULES

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")
PROCESSOR = 3  # MLflow's monitor: use of the processor, memory in use and its share
NUMBERS = len(HEADLINES) - 1  # of classes or of defects, no model has both
GPU = 5  # use, memory in use and its share, power and its share


def curves(name: str, **changes) -> set[str]:
    """Names of all columns of the history that a training of this model may have."""
    build_args = SHIPPED.build_args(name) | {"width": 4} | changes
    model = registry.build(name, (1, 8, 8), 3, **build_args)
    if model.perceptual:
        model.perceptual_features = lambda x: x.flatten(1)
    x, y = torch.rand(6, 1, 8, 8) * 2 - 1, torch.arange(6) % 3
    parts = {player: model.loss(player, x, y).keys() for player in model.players()}
    names = {f"{player}/{part}" for player in parts for part in (*parts[player], "gradient_norm")}
    validated = parts[model.update_order[0]] | model.diagnose(x, y).keys()
    return names | {f"val/{part}" for part in validated} | {f"alarm/{r.name}" for r in RULES}


@pytest.mark.parametrize(
    "name, changes",
    [
        *((name, {}) for name in registry.NAMES),
        ("res_vae", {"perceptual": 1.0}),
        ("hvae", {"layers": 12}),
    ],
)
def test_at_most_40_metrics_are_shown_of_any_model(name, changes):
    logged = curves(name, **changes)
    shown = set(filter(is_shown, logged))
    assert NUMBERS + len(FACTS) + len(shown) + PROCESSOR + GPU <= MAX_METRICS == 40
    assert {key for key in logged if key.endswith(("/loss", "/gradient_norm"))} <= shown
    assert not [key for key in shown if key.startswith("alarm/")]


def test_the_gpu_of_the_training_is_watched_and_no_disk(monkeypatch):
    cpu, disk, gpus = (
        type(name, (SimpleNamespace,), {})() for name in ("CPUMonitor", "DiskMonitor", "GPUMonitor")
    )
    gpus.gpu_handles = ["first", "second", "third"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
    assert watched([cpu, disk, gpus]) == [cpu, gpus] and gpus.gpu_handles == ["third"]
