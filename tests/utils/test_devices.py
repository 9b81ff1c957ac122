from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.utils import devices
from genbench.utils.errors import InputError

TRAIN = params.load(Path(__file__).parents[2] / "params.yaml").train


def test_a_training_gets_the_threads_it_is_given():
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            devices.configure_torch("cpu", TRAIN.model_copy(update={"threads": threads}))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_auto_leaves_the_threads_as_they_are():
    before = torch.get_num_threads()
    devices.configure_torch("cpu", TRAIN)
    assert torch.get_num_threads() == before


def test_bfloat16_is_refused_where_it_would_be_slower(monkeypatch):
    choice = TRAIN.model_copy(update={"precision": "bfloat16"})
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    with pytest.raises(InputError, match="train.precision: this cpu has no fast .*; use float32"):
        devices.configure_torch("cpu", choice)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert devices.configure_torch("cpu", choice).type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="has CUDA")
def test_a_device_that_is_not_there_is_named():
    with pytest.raises(InputError, match="device: cuda is not available on this machine"):
        devices.select_device("cuda")
    assert devices.select_device("auto").type in ("cpu", "mps")
