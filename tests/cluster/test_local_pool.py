"""How many processes run on this machine, and what each gets of it."""

from unittest.mock import Mock

import joblib
import pytest

from genbench.cluster import local


@pytest.mark.parametrize(
    "chosen, there, expected",
    [
        (None, 2, ["0", "1", "0"]),
        (None, 0, [None] * 3),
        ("3,5", 8, ["3", "5", "3"]),
        ("", 8, [None] * 3),  # the user wants none
    ],
)
def test_processes_take_the_gpus_in_turn_that_the_user_has_not_hidden(
    monkeypatch, chosen, there, expected
):
    monkeypatch.setattr(local, "_count_gpus", lambda: there)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    own = [local._environment(n, 3) for n in range(3)]
    assert [each.get("CUDA_VISIBLE_DEVICES") for each in own] == expected


def test_processes_share_the_cores_unless_the_user_says_how_many_threads(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert [local._environment(0, n)["OMP_NUM_THREADS"] for n in (1, 3, 16)] == ["8", "2", "1"]
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert local._environment(0, 3)["OMP_NUM_THREADS"] == "4"


@pytest.mark.parametrize(
    "gpus, cores, gib, expected", [(1, 16, 64, 1), (0, 16, 6, 6), (0, 2, 0, 1)]
)
def test_by_default_a_stage_runs_per_gpu_or_per_core_that_has_memory(
    monkeypatch, gpus, cores, gib, expected
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(local, "_count_gpus", lambda: gpus)
    monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
    monkeypatch.setattr(local.psutil, "virtual_memory", lambda: Mock(available=gib * 2**30))
    assert local.default_slots() == expected
