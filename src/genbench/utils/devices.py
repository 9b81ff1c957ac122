"""Where and how to compute."""

import os
import re
import sys
from pathlib import Path

import torch

from .errors import InputError


def select_device(name: str) -> torch.device:
    """The device that `device` in params.yaml asks for; `auto` takes a GPU where there is one."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((kind for kind, here in there.items() if here), "cpu")
    if not there.get(name, True):
        raise InputError(f"device: {name} is not available on this machine; use auto or cpu")
    return torch.device(name)


def configure_torch(name: str, choices) -> torch.device:
    """The device for a training, with torch set to its `choices`, the block `train` of params.yaml.

    Raises
    ------
    InputError : for bfloat16 where the hardware does not multiply in it.
    """
    device = select_device(name)
    if choices.threads != "auto":
        torch.set_num_threads(choices.threads)
    if choices.precision == "bfloat16" and not _multiplies_bfloat16(device):
        raise InputError(
            f"train.precision: this {device.type} has no fast products in bfloat16; use float32"
        )
    if device.type == "mps" and choices.deterministic:
        print("note: mps cannot promise the same bytes every time", file=sys.stderr)
    if device.type == "cuda":
        tensor_float = choices.precision != "float32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tensor_float
        # read when cuBLAS starts: it else may add in any order
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(choices.deterministic)
        torch.backends.cudnn.benchmark = not choices.deterministic
    return device


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def peak_memory_mib(device: torch.device) -> float:
    """Highest memory use so far: of the GPU's allocator, else of the whole process; in MiB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        # ru_maxrss would count the process that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
        return int(kib) / 2**10
    except FileNotFoundError:
        import resource

        unit = 1 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
