"""Models on disk: weights and the arguments that rebuild the model; loading runs no stored code."""

import io
from pathlib import Path
from pickle import UnpicklingError

import torch

from ..utils.errors import InputError
from ..utils.files import atomic_write


def save(path: Path, model: torch.nn.Module, **build_args) -> None:
    """Write the weights of `model` and the arguments that build it."""
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    buffer = io.BytesIO()  # torch would hide that a disk is full
    torch.save({"build_args": build_args, "weights": weights}, buffer)
    with atomic_write(path) as new:
        new.write_bytes(buffer.getbuffer())


def read(path: Path) -> dict:
    """Return the stored `build_args` and `weights`; an `InputError` if the file is damaged."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError):
        raise InputError(f"{path} cannot be read as weights: the file is damaged") from None
