"""Where and how to compute."""

import logging
import os
import re
import sys
from pathlib import Path

import torch

from .errors import InputError

logger = logging.getLogger(__name__)


def select_device(name: str) -> torch.device:
    """The device that `device` in params.yaml asks for; `auto` takes a GPU where there is one."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((kind for kind, usable in available.items() if usable), "cpu")
    if not available.get(name, True):
        raise InputError(f"device: {name} is not available on this machine; use auto or cpu")
    return torch.device(name)


def configure_torch(name: str, train_params) -> torch.device:
    """The device for a training, with torch set to what the block `train` of params.yaml asks for.

    Raises
    ------
    InputError : for bfloat16 where the hardware has no fast products in it.
    """
    device = select_device(name)
    if train_params.threads != "auto":
        torch.set_num_threads(train_params.threads)
    if train_params.precision == "bfloat16" and not _has_fast_bfloat16(device):
        raise InputError(
            f"train.precision: this {device.type} has no fast products in bfloat16; use float32"
        )
    if device.type == "mps" and train_params.deterministic:
        logger.info("mps cannot promise the same bytes every time")
    if device.type == "cuda":
        allow_tf32 = train_params.precision != "float32"
        torch.backends.cuda.matmul.allow_tf32 = allow_tf32
        torch.backends.cudnn.allow_tf32 = allow_tf32
        # read when cuBLAS starts, which otherwise may add in any order
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(train_params.deterministic)
        torch.backends.cudnn.benchmark = not train_params.deterministic
    return device


def _has_fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def peak_memory_mib(device: torch.device) -> float:
    """Highest memory use so far: of the GPU's allocator, else of the whole process; in MiB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        # not ru_maxrss, which counts the process that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
        return int(kib) / 2**10
    except FileNotFoundError:
        import resource

        unit = 1 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
