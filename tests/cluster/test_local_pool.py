"""Which GPU each of the processes on this machine sees."""

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
    assert [local._gpu(n).get("CUDA_VISIBLE_DEVICES") for n in range(3)] == expected
