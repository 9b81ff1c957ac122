"""Where to compute."""

import torch

from .errors import InputError


def pick(name: str) -> torch.device:
    """The device that `device` in params.yaml asks for; `auto` takes a GPU where there is one."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((kind for kind, here in there.items() if here), "cpu")
    if not there.get(name, True):
        raise InputError(f"device: {name} is not available on this machine; use auto or cpu")
    return torch.device(name)


def peak_memory_mib(device: torch.device) -> float:
    """Highest memory use so far: of the GPU's allocator, else of the whole process; in MiB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    import resource
    import sys

    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
