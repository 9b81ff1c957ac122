"""Models on disk: weights and the arguments that rebuild the model; loading runs no stored code."""

import io
from pathlib import Path
from pickle import UnpicklingError

import torch

from . import models
from .errors import InputError
from .workspace import replacing


def save(path: Path, model: torch.nn.Module, **how) -> None:
    """Write the weights of `model` and `how`, the arguments of `models.build`."""
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    buffer = io.BytesIO()  # torch would hide that a disk is full
    torch.save({"how": how, "weights": weights}, buffer)
    with replacing(path) as new:
        new.write_bytes(buffer.getbuffer())


def read(path: Path) -> dict:
    """The stored `how` and `weights`; an `InputError` if the file is damaged."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError):
        raise InputError(f"{path} cannot be read as weights: the file is damaged") from None


def load(path: Path, device: str = "cpu"):
    """Rebuild a generative model from its file, in eval mode, on `device`."""
    stored = read(path)
    model = models.build(**stored["how"])
    model.load_state_dict(stored["weights"])
    return model.to(device, memory_format=torch.channels_last).eval()
