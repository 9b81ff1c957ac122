"""Networks on disk, with a digest of their own bytes; loading runs no stored code.

A file is what `torch.save` writes, which `torch.load` can read, and behind it the SHA-256 of that.
"""

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from ..utils.files import atomic_write, damaged, readable

N_DIGEST = hashlib.sha256().digest_size
Network = TypeVar("Network", bound=torch.nn.Module)


def save(path: Path, model: torch.nn.Module, **build_args) -> None:
    """Write the weights of `model` and the arguments that build it."""
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    write(path, {"build_args": build_args, "weights": weights})


def write(path: Path, value: dict[str, Any]) -> None:
    """Write tensors and plain values; equal ones give equal bytes, which survive a power failure.

    Raises
    ------
    OSError : if the disk is full, or the file cannot be written.
    """
    buffer = io.BytesIO()  # torch would hide that a disk is full
    torch.save(value, buffer)
    content = buffer.getbuffer()
    with atomic_write(path) as new, new.open("wb") as file:
        file.write(content)
        file.write(hashlib.sha256(content).digest())
        file.flush()
        os.fsync(file.fileno())


def load(path: Path, build: Callable[..., Network]) -> Network:
    """Rebuild the network that `save` wrote, in eval mode, by `build` of its arguments.

    Raises
    ------
    InputError : naming the file, if it is damaged or holds another network than `build` makes now.
    """
    stored = read(path)
    try:
        model = build(**stored["build_args"])
        model.load_state_dict(stored["weights"])
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise damaged(path, error) from None
    return model.eval()


def read(path: Path) -> dict[str, Any]:
    """Return what `write` wrote; an `InputError` that names the file if a byte is another."""
    stored = memoryview(path.read_bytes())
    content, digest = stored[:-N_DIGEST], stored[-N_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise damaged(path, "its bytes are not those that were written")
    with readable(path):  # its bytes may have been made to fail
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
